"""A supervisor keeps its workers going: real processes, real signals."""

import array
import fcntl
import os
import signal
import termios
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group as Row
from django.db.models import F

from django_jobs.models import Attempt, Job
from django_jobs.models import Worker as WorkerRow
from django_jobs.states import JobStatus
from django_jobs.worker.rescue import rescue
from tests import jobs
from tests.supervisor.conftest import workers_alive
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _long_lease(set_jobs):
    """Prove that nothing here waits for a heartbeat to lapse."""
    set_jobs(WORKER_TIMEOUT=60, MAX_RESCUES=99)


class Place:
    """Where handlers say that they run, and the gate that they wait for."""

    def __init__(self, folder):
        self._file, self._gate = folder / "here", folder / "gate"

    def stay(self, times=1):
        return jobs.stay.enqueue_many([[str(self._file), str(self._gate)]] * times)

    def hold_interpreter(self, seconds, **options):
        return jobs.hold_interpreter.using(**options).enqueue(str(self._file), seconds)

    def wait_for(self, count):
        """Return what the first handlers said: job, attempt and process, or the process alone."""
        return wait_until(lambda: len(lines := self._lines()) >= count and lines)

    def _lines(self):
        return [line.split() for line in self._file.read_text().splitlines()] if self._file.exists() else []

    def open(self):
        self._gate.touch()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def ended(record, seconds=LONG):
    return record.wait(seconds, interval=0.02)


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_the_jobs_of_a_killed_child_run_again_at_once_and_it_is_replaced(supervise, place):
    records = place.stay(2)
    supervise("2", "--threads", "1")
    first, second = workers_alive(2)
    pids = {line[0]: int(line[2]) for line in place.wait_for(2)}
    assert set(pids.values()) == {first.pid, second.pid}
    os.kill(first.pid, signal.SIGKILL)
    lines = place.wait_for(3)
    place.open()
    assert int(lines[2][2]) not in pids.values()
    attempts = {str(record.pk): (ended(record).status, record.attempts) for record in records}
    assert attempts == {pk: (JobStatus.COMPLETED, 2 if pid == first.pid else 1) for pk, pid in pids.items()}
    rescued = Attempt.objects.get()
    assert (rescued.outcome, rescued.number, rescued.worker_name) == ("rescued", 1, first.name)
    first.refresh_from_db()
    assert first.stopped_at is not None


def test_a_hangup_replaces_all_without_a_gap_or_a_lost_attempt(supervise, place):
    records = place.stay(2)
    group = supervise("2", "--threads", "2")
    old = {row.pid for row in workers_alive(2)}
    place.wait_for(2)
    group.send(signal.SIGHUP)
    new = {row.pid for row in workers_alive(4)} - old
    meanwhile = jobs.make_row.enqueue_many([["meanwhile"]] * 4)
    assert {(ended(record).status, record.attempts) for record in meanwhile} == {(JobStatus.COMPLETED, 1)}
    place.open()
    assert {(ended(record).status, record.attempts) for record in records} == {(JobStatus.COMPLETED, 1)}
    assert {row.pid for row in workers_alive(2)} == new
    assert not Attempt.objects.exclude(outcome="released").exists()
    assert group.process.poll() is None


def test_a_stop_lets_jobs_end_for_a_while_and_gives_back_what_still_runs(supervise, place):
    (record,) = place.stay()
    group = supervise("1", "--threads", "2", "--shutdown-timeout", "0.5")
    place.wait_for(1)
    began = time.monotonic()
    group.send(signal.SIGTERM)
    assert group.wait() == 0
    assert 0.5 < time.monotonic() - began < 8
    record.refresh_from_db()
    assert (record.status, record.attempts) == (JobStatus.PENDING, 0)
    assert Attempt.objects.get().outcome == "released"
    assert not WorkerRow.objects.filter(stopped_at=None).exists()
    assert "Traceback" not in group.output


def test_ctrl_c_reaches_everybody_and_counts_once_and_a_second_one_stops_at_once(supervise, place):
    records = place.stay(2)
    group = supervise("2", "--threads", "1", "--shutdown-timeout", "60")
    place.wait_for(2)
    children = [row.pid for row in workers_alive(2)]
    group.send_to_group(signal.SIGINT)
    later = jobs.make_row.enqueue("never")
    group.wait_for("stopping 2 worker processes")
    wait_until(lambda: all(is_told_to_stop(pid) for pid in children))
    assert set(Job.objects.running()) == set(records)
    group.send_to_group(signal.SIGINT)
    assert group.wait(10) == 0, group.output
    assert set(Job.objects.pending().values_list("pk", "attempts")) == {(job.pk, 0) for job in [*records, later]}
    assert "Traceback" not in group.output


def is_told_to_stop(pid):
    """Tell whether a child has read its order: nothing is left in the pipe that is its standard input."""
    left = array.array("i", [0])
    with suppress(OSError), Path(f"/proc/{pid}/fd/0").open("rb", buffering=0) as pipe:
        fcntl.ioctl(pipe, termios.FIONREAD, left)
    return left[0] == 0


def test_ctrl_c_while_children_load_ends_clean(supervise):
    group = supervise("2")
    group.wait_for("worker process", 2)
    group.send_to_group(signal.SIGINT)
    assert group.wait() == 0, group.output
    assert "Traceback" not in group.output
    assert group.output.count("ended: exit code 0") == 2, group.output


def test_the_children_of_a_killed_supervisor_stop_by_themselves(supervise, place):
    (record,) = place.stay()
    group = supervise("2", "--threads", "1")
    workers_alive(2)
    place.wait_for(1)
    group.send(signal.SIGKILL)
    workers_alive(1)
    place.open()
    workers_alive(0)
    assert (ended(record).status, record.attempts) == (JobStatus.COMPLETED, 1)


def test_children_are_recycled_after_as_many_jobs_as_they_may_run(supervise):
    jobs.make_row.enqueue_many([["row"]] * 4)
    supervise("1", "--threads", "1", "--max-jobs", "2")
    wait_until(lambda: Job.objects.completed().count() == 4)
    assert len(set(Job.objects.values_list("result", flat=True))) == 2
    assert not Attempt.objects.exists()


def test_children_are_recycled_when_they_have_taken_too_much_memory_but_not_before_they_ran_a_job(supervise):
    records = jobs.make_row.enqueue_many([["row"]] * 2)
    supervise("1", "--threads", "1", "--max-memory", "1")
    assert {(ended(record).status, record.attempts) for record in records} == {(JobStatus.COMPLETED, 1)}
    wait_until(lambda: WorkerRow.objects.count() >= 2)
    assert WorkerRow.objects.order_by("started_at")[0].stopped_at is not None


def test_a_supervisor_drains_though_a_worker_is_killed_and_ends(supervise):
    jobs.make_row.enqueue_many([["row"]] * 40)
    killer = jobs.kill_worker.using(max_attempts=1).enqueue()
    group = supervise("2", "--drain")
    assert group.wait() == 0, group.output
    assert Job.objects.completed().count() == 40
    assert ended(killer, 1).status == JobStatus.FAILED
    assert "killed by SIGKILL" in group.output
    assert not WorkerRow.objects.filter(stopped_at=None).exists()


def test_a_process_is_added_while_jobs_wait(supervise, place):
    records = place.stay(2)
    supervise("1:2", "--threads", "1")
    lines = place.wait_for(2)
    assert len({pid for *_, pid in lines}) == 2
    place.open()
    assert {ended(record).attempts for record in records} == {1}


def test_a_child_that_hogs_its_interpreter_is_no_orphan_and_killed_when_beyond_its_limit(supervise, place, set_jobs):
    set_jobs(WORKER_TIMEOUT=2)
    (beside,) = place.stay()
    group = supervise("1", "--threads", "2")
    place.wait_for(1)
    held = place.hold_interpreter(60, timeout=1)
    place.wait_for(2)
    (row,) = workers_alive(1)
    wait_until(lambda: WorkerRow.objects.get(pk=row.pk).heartbeat_at - row.heartbeat_at > timedelta(seconds=2))
    assert not rescue("default").endings
    assert Job.objects.running().count() == 2
    place.open()
    Job.objects.filter(pk=held.pk).update(started_at=F("started_at") - timedelta(seconds=40))
    assert (ended(held).status, ended(beside).status) == (JobStatus.FAILED, JobStatus.COMPLETED)
    assert f"process {row.pid} is stuck" in group.output
    assert beside.attempts == 2


def test_effects_are_there_once_though_workers_are_killed(supervise):
    plain = jobs.make_row.enqueue_many([[f"plain {number}", 0.01] for number in range(60)])
    late = jobs.make_row_late.enqueue_many([[f"late {number}", 0.01] for number in range(60)])
    supervise("2", "--threads", "3")
    for share in (20, 60):
        kill_a_worker_after(share)
    wait_until(lambda: Job.objects.completed().count() == 120, 40)
    effects = sorted(name.rpartition(" ")[0] for name in Row.objects.values_list("name", flat=True))
    assert effects == sorted(record.kwargs["name"] for record in [*plain, *late])
    assert Attempt.objects.filter(outcome="rescued").exists()


def kill_a_worker_after(share):
    """Kill one as soon as so many jobs are completed and one that can be killed is there."""
    wait_until(lambda: Job.objects.completed().count() >= share, 40)
    rows = WorkerRow.objects.filter(stopped_at=None)
    victim = wait_until(lambda: next((row.pid for row in rows if "runjobs" in command_of(row.pid)), None))
    os.kill(victim or 0, signal.SIGKILL)


def test_what_a_handler_starts_can_be_terminated(supervise):
    kinds = jobs.end_program, jobs.end_program_apart, jobs.end_fork, jobs.end_fork_apart
    records = [handler.enqueue() for handler in kinds]
    supervise("1")
    assert [ended(record).result for record in records] == [-signal.SIGTERM] * 4


def test_each_process_is_named_for_what_it_is(supervise):
    pytest.importorskip("setproctitle", reason="setproctitle is not installed")
    parent = supervise("1", "--queues", "default,mail")
    worker = wait_until(WorkerRow.objects.first)
    assert "runjobs supervisor: default, mail" in command_of(parent.process.pid)
    assert "runjobs worker: default, mail" in command_of(worker.pid)
