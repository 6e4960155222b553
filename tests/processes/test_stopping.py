"""A handler in a process of its own is stopped, whatever it is doing."""

import os
import signal
import subprocess
import sys
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import Group

from django_jobs.models import Attempt, Job, JobLog
from django_jobs.states import JobStatus
from django_jobs.worker import executors, watch
from django_jobs.worker.processes import Stopper
from tests import jobs
from tests.processes.apart import gone, pid_said
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

HARD = ("sleep", "compute", "swallow")


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    monkeypatch.setattr(watch, "GRACE", 0.5)


def ended(record, seconds=LONG):
    return record.wait(seconds, interval=0.01)


def test_a_limit_holds_whatever_the_handler_does(start_worker, tmp_path):
    records = [jobs.linger.using(timeout=0.3).enqueue(str(tmp_path / how), how) for how in HARD]
    beside = jobs.compute.enqueue(3)
    start_worker(concurrency=4)
    for how, record in zip(HARD, records, strict=True):
        assert ended(record).status == JobStatus.FAILED
        assert record.error == "Timed out: the attempt ran longer than its limit of 0.3 s."
        assert record.duration.total_seconds() < 5
        assert gone(pid_said(tmp_path / how))
    assert ended(beside).result == 9


def test_a_process_that_has_just_gone_is_none_to_signal():
    """It may be reaped before the worker hears of its end."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert Stopper(Mock(), Mock(pid=gone.pid, exitcode=None), Mock()).force()


def test_a_cancel_holds_whatever_the_handler_does(start_worker, tmp_path):
    records = [jobs.linger.enqueue(str(tmp_path / how), how) for how in HARD]
    start_worker(concurrency=3)
    for how in HARD:
        pid_said(tmp_path / how)
    assert Job.objects.all().cancel("enough") == 3
    for how, record in zip(HARD, records, strict=True):
        assert (ended(record).status, record.error) == (JobStatus.CANCELLED, "Cancelled: enough")
        assert gone(pid_said(tmp_path / how))


def test_a_handler_is_stopped_in_the_middle_of_what_it_says_but_finishes_the_sentence(start_worker, tmp_path):
    record = jobs.chatter.using(timeout=0.2).enqueue(str(tmp_path / "pid"))
    start_worker()
    assert ended(record).error.startswith("Timed out")
    assert set(JobLog.objects.values_list("message", flat=True)) == {"x" * 100_000}
    assert "in chatter" in Attempt.objects.get().traceback
    assert gone(pid_said(tmp_path / "pid"))


def test_a_stop_gives_the_job_back_once_its_process_is_gone(start_worker, tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "LAST_GRACE", 0.3)
    monkeypatch.setattr(watch, "GRACE", 60)
    records = [jobs.linger.enqueue(str(tmp_path / how), how) for how in HARD]
    worker = start_worker(concurrency=3, shutdown_timeout=0)
    pids = [pid_said(tmp_path / how) for how in HARD]
    assert worker.stop(LONG)
    assert all(gone(pid) for pid in pids)
    for record in records:
        record.refresh_from_db()
        assert (record.status, record.attempts) == (JobStatus.PENDING, 0)
    assert {row.outcome for row in Attempt.objects.all()} == {"released"}


@pytest.mark.parametrize("how", ["sleep", "compute"])
def test_a_process_dies_with_its_worker(runjobs, tmp_path, how):
    jobs.linger.enqueue(str(tmp_path / "pid"), how)
    worker = runjobs("--threads", "1")
    pid = pid_said(tmp_path / "pid")
    worker.send(signal.SIGKILL)
    assert gone(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_everybody_lets_a_handler_end(runjobs, tmp_path, number):
    path, gate = tmp_path / "pid", tmp_path / "gate"
    record = jobs.stay_apart.enqueue(str(path), str(gate))
    worker = runjobs("--threads", "1", "--shutdown-timeout", "30")
    pid = pid_said(path)
    server = parent_of(pid)
    assert parent_of(server) == worker.process.pid
    for each in (pid, server, worker.process.pid):
        os.kill(each, number)
    wait_until(lambda: Job.objects.running().count() == 1)
    gate.touch()
    assert worker.wait() == 0, worker.output
    assert (ended(record).status, record.attempts, record.result) == (JobStatus.COMPLETED, 1, pid)
    assert "Traceback" not in worker.output


def parent_of(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123 - not a path of ours
        return int(stream.read().rpartition(")")[2].split()[1])


class TestAtomic:
    def test_rows_and_completion_commit_together(self, start_worker, tmp_path):
        record = jobs.make_row_apart.enqueue("one", str(tmp_path / "pid"))
        start_worker()
        assert (ended(record).status, record.result) == (JobStatus.COMPLETED, "return")
        assert Group.objects.count() == 1

    @pytest.mark.parametrize("how", ["exit", "sleep", "swallow"])
    def test_a_handler_that_dies_or_is_stopped_leaves_no_row(self, start_worker, tmp_path, how):
        record = jobs.make_row_apart.using(timeout=0.5).enqueue("none", str(tmp_path / "pid"), how)
        start_worker()
        assert ended(record).status == JobStatus.FAILED
        assert record.error.startswith("Timed out" if how != "exit" else "ProcessDied")
        assert gone(pid_said(tmp_path / "pid"))
        assert not Group.objects.exists()


def test_a_handler_learns_what_stopped_it(start_worker, tmp_path):
    timed_out = jobs.clean_up.using(timeout=0.3).enqueue(str(tmp_path / "timeout"))
    cancelled = jobs.clean_up.enqueue(str(tmp_path / "cancel"))
    start_worker()
    pid_said(tmp_path / "cancel")
    assert cancelled.cancel()
    assert (ended(timed_out).status, ended(cancelled).status) == (JobStatus.FAILED, JobStatus.CANCELLED)
    assert (tmp_path / "timeout").read_text().split()[1:] == ["TimeoutInterruption", "True"]
    assert (tmp_path / "cancel").read_text().split()[1:] == ["CancelInterruption", "True"]
    assert "in clean_up" in Attempt.objects.get(job=timed_out).traceback


def test_a_worker_ends_though_a_handler_that_nobody_stopped_will_not(runjobs, tmp_path):
    jobs.linger.enqueue(str(tmp_path / "pid"), "swallow")
    worker = runjobs("--threads", "1", "--shutdown-timeout", "0")
    pid = pid_said(tmp_path / "pid")
    worker.send(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert gone(pid)
