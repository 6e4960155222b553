"""What a supervisor does round by round, with small programs for children."""

import time
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from django_jobs.models import Job, Queue
from django_jobs.models import Worker as WorkerRow
from django_jobs.states import JobStatus
from django_jobs.worker import supervisor as module
from django_jobs.worker.children import START_AFRESH
from django_jobs.worker.scaling import IDLE_ROUNDS
from tests.factories import JobFactory, WorkerFactory, ago
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

OBEY = "import sys; sys.stdin.readline()"
STUBBORN = "import time, sys; print('here', flush=True); time.sleep(600)"


def register(children):
    """Write the rows that children which are workers would write."""
    for child in children:
        WorkerRow.objects.get_or_create(pk=child.worker_id, defaults={
            "name": f"host:{child.pid}", "hostname": "host", "pid": child.pid, "concurrency": 1,
        })  # fmt: skip


def pids(supervisor):
    return {child.pid for child in supervisor._children}


def test_a_child_that_dies_at_once_is_started_again_after_a_growing_pause(make_supervisor, monkeypatch):
    supervisor = make_supervisor("raise SystemExit(1)")
    pauses = []
    for _ in range(5):
        supervisor._next_start = 0.0
        supervisor._fill_up()
        supervisor._children[0].wait(LONG)
        supervisor._bury()
        pauses.append(supervisor._next_start - time.monotonic())
    assert pauses == sorted(pauses)
    assert 0.5 < pauses[0] <= 1
    assert 10 < pauses[-1] <= module.LONGEST_PAUSE
    supervisor.round()
    assert not supervisor._children


def test_a_child_that_ends_as_it_should_is_replaced_at_once(make_supervisor):
    for code in (0, START_AFRESH):
        supervisor = make_supervisor(f"raise SystemExit({code})")
        supervisor.round()
        supervisor._children[0].wait(LONG)
        before = pids(supervisor)
        supervisor.round()
        assert len(pids(supervisor)) == 1
        assert pids(supervisor) != before


def test_a_system_without_room_for_a_process_is_asked_again_later(make_supervisor, monkeypatch, caplog):
    supervisor = make_supervisor(OBEY)
    monkeypatch.setattr(module, "Child", refuse)
    supervisor.round()
    supervisor.round()
    assert caplog.text.count("no worker process could be started: no room") == 1
    monkeypatch.undo()


def refuse(*_):
    raise OSError("no room")


def test_the_jobs_of_a_dead_child_are_rescued_when_the_database_answers_again(make_supervisor, monkeypatch):
    supervisor = make_supervisor("import os; os.abort()")
    supervisor._fill_up()
    child = supervisor._children[0]
    register([child])
    record = JobFactory(running=True, worker_id=child.worker_id, max_attempts=3)
    child.wait(LONG)
    with monkeypatch.context() as patch:
        patch.setattr(module, "rescue", fail)
        supervisor.round()
    record.refresh_from_db()
    assert record.status == JobStatus.RUNNING
    supervisor.round()
    record.refresh_from_db()
    assert (record.status, record.attempts) == (JobStatus.PENDING, 1)


def test_the_jobs_of_a_child_that_left_without_signing_off_are_rescued_whatever_its_exit_code(make_supervisor):
    supervisor = make_supervisor("import os; os._exit(0)")
    supervisor._fill_up()
    [child] = supervisor._children
    register([child])
    record = JobFactory(running=True, worker_id=child.worker_id, max_attempts=3)
    child.wait(LONG)
    supervisor._bury()
    record.refresh_from_db()
    assert (record.status, record.attempts) == (JobStatus.PENDING, 1)


def test_a_child_that_has_signed_off_but_does_not_end_is_killed(make_supervisor, caplog):
    supervisor = make_supervisor(STUBBORN, 2)
    supervisor._fill_up()
    ended, other = supervisor._children
    register([ended, other])
    WorkerRow.objects.filter(pk=ended.worker_id).update(stopped_at=timezone.now() - timedelta(seconds=60))
    supervisor._kill_ended()
    assert ended.wait(LONG) == -9
    assert other.exit_code is None
    assert caplog.text.count("does not end and is killed") == 1


def fail(*_):
    raise DatabaseError("away")


def test_a_second_restart_before_the_first_is_done_leaves_nobody_behind(make_supervisor):
    supervisor = make_supervisor(OBEY, 2)
    supervisor.round()
    first = pids(supervisor)
    supervisor._restart()
    supervisor.round()
    supervisor._restart()
    supervisor.round()
    supervisor.round()
    register(supervisor._children)
    wait_until(lambda: supervisor.round() or len(supervisor._children) == 2)
    assert not pids(supervisor) & first
    assert not any(child.is_stopping for child in supervisor._children)


def test_a_child_that_does_not_end_is_killed(make_supervisor, monkeypatch, caplog):
    monkeypatch.setattr(module, "KILL_AFTER", 0.3)
    supervisor = make_supervisor(STUBBORN)
    supervisor.round()
    supervisor._stop()
    began = time.monotonic()
    supervisor._stop_children()
    assert time.monotonic() - began < 5
    assert caplog.text.count("does not end and is killed") == 1


def test_a_drain_ends_with_the_exit_code_of_a_child_that_failed(make_supervisor):
    supervisor = make_supervisor("raise SystemExit(5)", 2, drain=True)
    supervisor._listen = lambda: None
    assert supervisor.run() == 5


def test_a_child_that_was_killed_in_a_drain_is_replaced(make_supervisor):
    supervisor = make_supervisor(OBEY, 1, drain=True)
    supervisor.round()
    supervisor._children[0].kill()
    supervisor._children[0].wait(LONG)
    before = pids(supervisor)
    supervisor.round()
    supervisor._next_start = 0.0
    supervisor.round()
    assert len(pids(supervisor)) == 1
    assert not pids(supervisor) & before


def test_a_child_is_killed_only_when_it_is_found_stuck_twice(make_supervisor):
    supervisor = make_supervisor(OBEY)
    supervisor.round()
    [child] = supervisor._children
    worker = WorkerFactory(pk=child.worker_id)
    record = JobFactory(running=True, worker=worker, timeout=timedelta(seconds=1), started_at=ago(seconds=100))
    supervisor._kill_stuck()
    Job.objects.filter(pk=record.pk).update(status="completed")  # its outcome had waited for the database
    supervisor._kill_stuck()
    Job.objects.filter(pk=record.pk).update(status="running")
    supervisor._kill_stuck()
    assert child.exit_code is None
    supervisor._kill_stuck()
    wait_until(lambda: child.exit_code is not None)


class TestScaling:
    def test_processes_are_added_one_by_one_while_jobs_wait(self, make_supervisor):
        supervisor = make_supervisor(OBEY, 1, 3)
        JobFactory(pending=True)
        supervisor.round()
        Job.objects.update(run_after=Job.objects.get().run_after - timedelta(seconds=10))
        counts = [look(supervisor) for _ in range(4)]
        assert counts == [2, 3, 3, 3]

    def test_a_job_that_has_just_come_due_asks_for_nothing(self, make_supervisor):
        supervisor = make_supervisor(OBEY, 1, 3)
        JobFactory(pending=True)
        assert look(supervisor) == 1

    def test_jobs_of_other_queues_ask_for_nothing(self, make_supervisor):
        supervisor = make_supervisor(OBEY, 1, 3, queue_names=["mail"])
        JobFactory(pending=True, queue_name="default")
        Job.objects.update(run_after=Job.objects.get().run_after - timedelta(seconds=10))
        assert look(supervisor) == 1

    def test_jobs_of_paused_queues_ask_for_nothing(self, make_supervisor):
        supervisor = make_supervisor(OBEY, 1, 3)
        JobFactory(pending=True, queue_name="mail")
        Job.objects.update(run_after=Job.objects.get().run_after - timedelta(seconds=10))
        Queue.objects.pause("mail")
        assert look(supervisor) == 1

    def test_processes_too_many_are_stopped_after_a_quiet_time(self, make_supervisor):
        supervisor = make_supervisor(OBEY, 1, 3)
        supervisor._scaling.wanted = 3
        supervisor.round()
        before = pids(supervisor)
        for _ in range(2 * IDLE_ROUNDS):
            supervisor._scale()
        wait_until(lambda: supervisor.round() or len(supervisor._children) == 1)
        assert pids(supervisor) < before

    def test_a_quiet_time_in_which_no_child_lives_breaks_nothing(self, make_supervisor):
        supervisor = make_supervisor(OBEY, 1, 3)
        supervisor._scaling.wanted = 3
        for _ in range(3 * IDLE_ROUNDS):
            supervisor._scale()
        assert supervisor._scaling.wanted == 1


def look(supervisor):
    supervisor._scale()
    supervisor._fill_up()
    return len(supervisor._children)
