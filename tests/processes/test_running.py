"""A handler in a process of its own does what it would do in a thread, and can crash alone."""

import os
import signal

import pytest

from django_jobs.models import Attempt, Job, JobEvent, JobLog
from django_jobs.models import Worker as WorkerRow
from django_jobs.signals import job_failed
from django_jobs.states import JobStatus
from tests import jobs
from tests.processes.apart import gone, lives, pid_said
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def ended(record, seconds=LONG):
    return record.wait(seconds, interval=0.01)


def test_what_a_handler_returns_and_says_is_passed_on(start_worker):
    computed, spoken = jobs.compute.enqueue(7), jobs.speak_apart.enqueue(3)
    start_worker()
    assert (ended(computed).result, computed.attempts, computed.error) == (49, 1, "")
    assert (computed.progress_current, computed.progress_total, computed.progress_message) == (1, 2, "half")
    assert ended(spoken).result == "done"
    assert spoken.progress_message == "line 3"
    assert JobLog.objects.get(job=computed).message == "computing 7"
    assert list(JobLog.objects.filter(job=spoken, message="step").values_list("extra__number", flat=True)) == [1, 2, 3]
    assert JobEvent.objects.get(job=spoken).data == {"lines": 3}


def test_an_attempt_runs_in_another_process_than_the_worker(start_worker, tmp_path):
    path, gate = tmp_path / "here", tmp_path / "gate"
    gate.touch()
    record = jobs.stay_apart.enqueue(str(path), str(gate))
    start_worker()
    assert ended(record).result == pid_said(path) != os.getpid()
    assert gone(pid_said(path))


def test_a_crash_fails_its_own_attempt_only(start_worker, tmp_path):
    path, gate = tmp_path / "here", tmp_path / "gate"
    near, beside = (handler.enqueue(str(path), str(gate)) for handler in (jobs.stay, jobs.stay_apart))
    start_worker(concurrency=4)
    wait_until(lambda: path.exists() and path.read_text().count("\n") == 2)
    crashed = {how: jobs.crash.enqueue(how) for how in ("exit", "segfault", "kill")}
    errors = {how: ended(record).error for how, record in crashed.items()}
    gate.touch()
    assert errors == {
        "exit": "ProcessDied: The handler's process ended with exit code 7.",
        "segfault": "ProcessDied: The handler's process was killed by SIGSEGV.",
        "kill": "ProcessDied: The handler's process was killed by SIGKILL.",
    }
    assert {ended(near).status, ended(beside).status} == {JobStatus.COMPLETED}
    assert WorkerRow.objects.get().stopped_at is None
    assert not Attempt.objects.exclude(outcome="failed").exists()


def test_a_crash_is_retried_like_any_failure(start_worker):
    record = jobs.crash.using(max_attempts=3).enqueue("kill")
    start_worker()
    assert (ended(record).status, record.attempts) == (JobStatus.FAILED, 3)


def test_a_crash_is_seen_although_a_child_of_the_process_lives_on(start_worker, tmp_path):
    record = jobs.leave_child.enqueue(str(tmp_path / "child"))
    start_worker()
    left = pid_said(tmp_path / "child")
    try:
        assert ended(record, 5).error.endswith("exit code 5.")
        assert lives(left)
    finally:
        os.kill(left, signal.SIGKILL)


def test_a_handler_may_share_its_work_among_processes_of_its_own(start_worker):
    record = jobs.share.enqueue([1, 2, 3])
    start_worker()
    assert ended(record).result == [1, 4, 9]


def test_memory_is_limited(start_worker):
    small, large = jobs.allocate.enqueue(10), jobs.allocate.enqueue(2000)
    start_worker()
    assert ended(small).result == 10 * 1024 * 1024
    assert ended(large).error == "MemoryError"
    assert "in allocate" in Attempt.objects.get().traceback


@pytest.mark.parametrize(
    ("how", "error", "kind"),
    [
        ("odd", "Odd: cannot be sent", RuntimeError),
        ("local", "Local: nobody knows this class", RuntimeError),
        ("plain", "LookupError: plain", LookupError),
    ],
)
def test_those_who_hear_of_a_failure_get_an_exception(start_worker, monkeypatch, how, error, kind):
    heard = []
    monkeypatch.setattr(jobs.fail_oddly, "error_callbacks", [lambda job, exception: heard.append(exception)])

    def receive(sender, job, exception, **_):
        heard.append(exception)

    job_failed.connect(receive)
    record = jobs.fail_oddly.enqueue(how)
    start_worker()
    assert ended(record).error.endswith(error)
    wait_until(lambda: len(heard) == 2)
    job_failed.disconnect(receive)
    assert [type(exception) for exception in heard] == [kind, kind]
    assert error.endswith(str(heard[0])) or str(heard[0]) == record.error
    assert f"raise {type(heard[0]).__name__ if how == 'plain' else how.title()}" in Attempt.objects.get().traceback


def test_a_handler_in_a_process_chooses_its_outcome(start_worker):
    records = {how: jobs.choose_outcome.enqueue(how) for how in ("retry", "snooze", "give up", "object")}
    start_worker()
    assert ended(records["give up"]).error == "no use"
    assert "object" in ended(records["object"]).error
    put_off = Job.objects.filter(pk__in=[records["retry"].pk, records["snooze"].pk])
    wait_until(lambda: put_off.scheduled().count() == 2)
    assert dict(put_off.values_list("pk", "attempts")) == {records["retry"].pk: 1, records["snooze"].pk: 0}
