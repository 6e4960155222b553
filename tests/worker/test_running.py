"""A worker runs jobs: side by side, in order of urgency, each apart from the others."""

import asyncio
import logging
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from asgiref.sync import SyncToAsync
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction

from django_jobs import Snooze, current_job
from django_jobs.attempt import Running
from django_jobs.models import Attempt, Job, JobLog, Stat
from django_jobs.models import Worker as WorkerRow
from django_jobs.signals import job_completed
from django_jobs.states import JobStatus
from django_jobs.worker import StopReason, Worker, eventloop, watch
from django_jobs.worker.claiming import BUFFERED_SECONDS
from django_jobs.worker.executors import Executors
from django_jobs.worker.stopping import memory_held
from tests import jobs
from tests.attempt.attempts import attempt, claim_of
from tests.cutting import cut_connections_for_good
from tests.factories import JobFactory
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def drain(**options):
    """Run what is due, in this thread, and return why the worker ended."""
    return Worker(drain=True, poll_interval=0.05, shutdown_timeout=1, **options).run()


def ended(record, seconds=LONG):
    return record.wait(seconds, interval=0.01)


def test_a_job_runs_to_its_result():
    record = jobs.add.enqueue(2, b=3)
    assert drain() is StopReason.DRAINED
    record.refresh_from_db()
    assert (record.status, record.result, record.attempts, record.error) == (JobStatus.COMPLETED, 5, 1, "")
    assert record.started_at <= record.finished_at
    assert not Attempt.objects.exists()


def test_a_failing_job_is_tried_again_until_its_last_attempt():
    record = jobs.fail.enqueue("broken")
    Worker(drain=True).run()
    wait_until(lambda: drain() and Job.objects.failed().exists())
    record.refresh_from_db()
    assert (record.status, record.error, record.attempts) == (JobStatus.FAILED, "ValueError: broken", 3)
    history = list(Attempt.objects.order_by("number"))
    assert [(row.number, row.outcome) for row in history] == [(1, "retry"), (2, "retry"), (3, "failed")]
    assert all("ValueError: broken" in row.traceback and row.worker_name for row in history)
    assert all(row.started_at <= row.ended_at for row in history)


def test_a_worker_serves_only_its_queues():
    theirs = jobs.echo.using(queue_name="mail").enqueue(1)
    ours = jobs.echo.enqueue(1)
    Worker(["default", "reports"], drain=True).run()
    assert Job.objects.get(pk=ours.pk).status == JobStatus.COMPLETED
    assert Job.objects.get(pk=theirs.pk).status == JobStatus.PENDING


def test_urgent_jobs_run_first(make_handler):
    order = []

    def handle(text):
        order.append(text)

    handler = make_handler(handle)
    for text, priority in (("last", "low"), ("second", 1), ("first", "high"), ("third", 0)):
        handler.using(priority=priority).enqueue(text)
    drain(concurrency=1)
    assert order == ["first", "second", "third", "last"]


def test_a_full_queue_does_not_starve_another(make_handler):
    order = []

    def handle(queue_name):
        order.append(queue_name)

    handler = make_handler(handle)
    handler.using(queue_name="a").enqueue_many([["a"]] * 60)
    handler.using(queue_name="b").enqueue_many([["b"]] * 5)
    drain(concurrency=1)
    assert len(order) == 65
    assert order.index("b") < 40


def test_as_many_jobs_run_at_once_as_there_are_threads(make_handler, start_worker):
    together = threading.Barrier(4)
    handler = make_handler(lambda: together.wait(LONG) and None)
    handler.enqueue_many([[]] * 4)
    start_worker(concurrency=4)
    wait_until(lambda: Job.objects.completed().count() == 4)


def test_what_a_handler_enqueues_runs_too_and_knows_its_parent():
    record = jobs.enqueue_another.enqueue(7)
    drain()
    child = Job.objects.get(name="tests.echo")
    assert (child.status, child.parent_id, child.result) == (JobStatus.COMPLETED, record.pk, 7)


def test_a_thousand_jobs_run_once_each(make_handler):
    ran = Counter()
    handler = make_handler(lambda number: ran.update([number]))
    handler.enqueue_many([[number] for number in range(1000)])
    drain()
    assert Job.objects.completed().count() == 1000
    assert set(ran.values()) == {1}


@pytest.mark.parametrize("error", [SystemExit(2), KeyboardInterrupt(), GeneratorExit()])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_handler_cannot_take_the_worker_down_with_an_exception(make_handler, error, is_async):
    def leave():
        raise error

    async def leave_async():
        raise error

    record = make_handler(leave_async if is_async else leave).enqueue()
    after = [jobs.add.enqueue(1, 2), jobs.add_async.enqueue(1, 2)]
    assert drain(concurrency=1) is StopReason.DRAINED
    record.refresh_from_db()
    assert (record.status, record.error.partition(":")[0]) == (JobStatus.FAILED, type(error).__name__)
    assert [ended(job).status for job in after] == [JobStatus.COMPLETED] * 2


def test_a_task_of_a_handler_that_exits_does_not_stop_the_loop(make_handler):
    async def leave():
        raise SystemExit

    async def gather():
        await asyncio.gather(leave(), asyncio.sleep(0))

    record = make_handler(gather).enqueue()
    after = jobs.add_async.enqueue(1, 2)
    drain()
    assert ended(record, 1).status == JobStatus.FAILED
    assert ended(after, 1).status == JobStatus.COMPLETED


def test_a_handler_that_never_stops_is_stopped_on_time(start_worker):
    record = jobs.spin.using(timeout=0.2, max_attempts=1).enqueue()
    after = jobs.add.enqueue(1, 2)
    start_worker(concurrency=1)
    assert ended(record).status == JobStatus.FAILED
    assert "ran longer than its limit of 0.2 s" in record.error
    assert record.duration.total_seconds() < 5
    assert ended(after).status == JobStatus.COMPLETED


def test_a_handler_that_will_not_stop_is_abandoned_and_its_thread_replaced(make_handler, start_worker, monkeypatch):
    monkeypatch.setattr(watch, "GRACE", 0.3)
    free = threading.Event()
    handler = make_handler(lambda: cling(free), timeout=0.5, max_attempts=1)
    record = handler.enqueue()
    start_worker(concurrency=1)
    assert ended(record).status == JobStatus.FAILED
    assert ended(jobs.add.enqueue(1, 2)).result == 3
    free.set()
    assert ended(jobs.add.enqueue(2, 2)).result == 4
    record.refresh_from_db()
    assert record.status == JobStatus.FAILED


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_handler_that_missed_its_interruption_is_stopped_and_not_abandoned(
    make_handler, start_worker, monkeypatch, caplog
):
    monkeypatch.setattr(watch, "GRACE", 0.3)

    class Deaf:
        def __del__(self):
            while True:
                pass

    def spin_on():
        Deaf()
        while True:
            pass

    record = make_handler(spin_on, timeout=0.5, max_attempts=1).enqueue()
    start_worker(concurrency=1)
    assert "ran longer than its limit" in ended(record).error
    assert ended(jobs.add.enqueue(1, 2)).result == 3
    assert "abandoned" not in caplog.text


def cling(free):
    """Run until free, whatever is raised: in the call that sleeps, for no `try` holds on the way round a loop."""
    while True:
        try:
            while not free.is_set():
                time.sleep(0.001)
        except BaseException:
            continue
        return


def test_an_attempt_that_cannot_be_stopped_takes_no_limit_from_the_others(start_worker, monkeypatch, caplog):
    class Broken:
        def ask(self):
            raise ValueError("no way to ask")

        def force(self):
            raise ValueError("no way to force")

    worker = start_worker(concurrency=2)
    assert ended(jobs.echo.enqueue()).status == JobStatus.COMPLETED
    asked = threading.Event()

    def fail():
        asked.set()
        raise ZeroDivisionError

    broken = Running(claim_of(jobs.echo.name), Mock())
    broken.interrupted_at, broken.stopper = float("-inf"), Broken()
    begun = worker._executors.begun
    monkeypatch.setattr(worker._watch, "_attempts", lambda: [broken, *begun()])
    monkeypatch.setattr(worker._heartbeat, "_attempts", fail)
    assert asked.wait(LONG)
    record = jobs.spin.using(timeout=0.2, max_attempts=1).enqueue()
    assert "ran longer than its limit" in ended(record).error
    monkeypatch.undo()
    assert "could not be stopped" in caplog.text
    assert worker._heartbeat._thread.is_alive()


def test_every_part_is_stopped_whatever_one_of_them_raises(monkeypatch):
    worker = Worker(max_jobs=1, drain=True)
    monkeypatch.setattr(Executors, "wind_up", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worker.run()
    assert not worker._recorder._thread.is_alive()
    assert WorkerRow.objects.get().stopped_at is not None


def test_abandoned_threads_cost_no_place(make_handler, start_worker, monkeypatch):
    monkeypatch.setattr(watch, "GRACE", 0.1)
    free = threading.Event()
    together = threading.Barrier(2)
    stuck = make_handler(lambda: cling(free), timeout=0.5, max_attempts=1)
    start_worker(concurrency=2)
    for _ in range(3):
        assert ended(stuck.enqueue()).status == JobStatus.FAILED
    meet = make_handler(lambda: together.wait(5) and None, max_attempts=1)
    meet.enqueue_many([[], []])
    wait_until(lambda: Job.objects.named(meet.name).finished().count() == 2)
    assert Job.objects.named(meet.name).completed().count() == 2
    free.set()


def test_a_worker_that_recycles_ends_when_a_handler_will_not(make_handler, monkeypatch):
    monkeypatch.setattr(watch, "GRACE", 0.1)
    free = threading.Event()
    record = make_handler(lambda: cling(free), timeout=0.5, max_attempts=1).enqueue()
    reason = Worker(recycle=True, concurrency=1, shutdown_timeout=1).run()
    free.set()
    assert reason is StopReason.STUCK
    assert reason.wants_restart
    assert ended(record).status == JobStatus.FAILED


def test_a_worker_ends_after_as_many_jobs_as_it_was_to_run():
    jobs.echo.enqueue_many([[1]] * 30)
    assert Worker(max_jobs=12, concurrency=3).run() is StopReason.MAX_JOBS
    assert (Job.objects.completed().count(), Job.objects.pending().count()) == (12, 18)


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_worker_that_ends_by_itself_lets_jobs_run_on_until_it_is_asked(make_handler, start_worker, is_asked):
    begun, free = threading.Event(), threading.Event()

    def work():
        begun.set()
        free.wait(LONG)

    record = make_handler(work, max_attempts=1).enqueue()
    worker = start_worker(shutdown_timeout=0)
    assert begun.wait(LONG)
    worker.request_stop(StopReason.MAX_MEMORY)
    assert not worker._thread.join(1)
    assert worker._thread.is_alive()
    if is_asked:
        worker.request_stop()
        wait_until(Attempt.objects.exists)
    free.set()
    worker._thread.join(LONG)
    record.refresh_from_db()
    assert record.status == (JobStatus.PENDING if is_asked else JobStatus.COMPLETED)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the most is known")
def test_memory_that_was_given_back_counts_no_more():
    before = memory_held()
    taken = bytearray(b"x") * 200_000_000
    assert memory_held() > before + 150
    del taken
    assert memory_held() < before + 50


def test_a_worker_says_who_it_is_and_when_it_has_stopped(start_worker):
    worker = start_worker("mail", "default", concurrency=3)
    row = wait_until(WorkerRow.objects.first)
    assert (row.queue_names, row.concurrency, row.stopped_at) == (["mail", "default"], 3, None)
    worker.stop(LONG)
    row.refresh_from_db()
    assert row.stopped_at is not None


def test_what_a_worker_did_is_counted(make_handler):
    jobs.add.enqueue_many([{"a": 1}] * 5)
    jobs.give_up.enqueue()
    jobs.retry_later.using(max_attempts=2).enqueue(60)
    jobs.snooze.enqueue()
    drain()
    counts = {row.name: (row.completed, row.failed, row.retried, row.cancelled) for row in Stat.objects.all()}
    assert counts == {"tests.add": (5, 0, 0, 0), "tests.give_up": (0, 1, 0, 0), "tests.retry_later": (0, 0, 1, 0)}
    assert Stat.objects.get(name="tests.add").run_seconds > 0


def test_statistics_are_left_out_on_request(set_jobs):
    set_jobs(STATS=False)
    jobs.add.enqueue(1)
    drain()
    assert not Stat.objects.exists()


def test_an_unknown_job_fails_with_the_reason():
    record = JobFactory(name="tests.gone", max_attempts=5)
    drain()
    record.refresh_from_db()
    assert record.status == JobStatus.FAILED
    assert "No handler is registered under 'tests.gone'" in record.error


def test_of_many_snoozes_the_last_is_kept(make_handler):
    looks = []

    def look():
        looks.append(1)
        if len(looks) < 5:
            raise Snooze(delay=0)

    record = make_handler(look).enqueue()
    drain()
    assert ended(record).status == JobStatus.COMPLETED
    assert (len(looks), record.attempts) == (5, 1)
    assert Attempt.objects.filter(job=record, outcome="snooze").count() == 1


def test_an_unknown_job_waits_for_a_worker_that_knows_it(set_jobs, make_handler):
    set_jobs(UNKNOWN_JOBS="wait")
    record = JobFactory(name="tests.later", kwargs={})
    drain()
    record.refresh_from_db()
    assert (record.status, record.attempts) == (JobStatus.SCHEDULED, 0)
    make_handler(lambda: "known", name="tests.later")
    record.run_now()
    drain()
    assert ended(record, 1).result == "known"


class TestAtomic:
    def test_rows_and_completion_commit_together(self, make_handler):
        record = make_handler(lambda: Group.objects.create(name="made").name, atomic=True).enqueue()
        drain()
        assert ended(record, 1).result == "made"
        assert Group.objects.filter(name="made").exists()

    def test_a_failure_takes_the_rows_back(self, make_handler):
        def make_and_fail():
            Group.objects.create(name="made")
            raise ValueError("no")

        record = make_handler(make_and_fail, atomic=True, max_attempts=1).enqueue()
        drain()
        assert ended(record, 1).status == JobStatus.FAILED
        assert not Group.objects.exists()

    def test_a_result_that_cannot_be_stored_takes_the_rows_back(self, make_handler):
        record = make_handler(lambda: Group.objects.create(name="made"), atomic=True).enqueue()
        drain()
        assert "of type Group" in ended(record, 1).error
        assert not Group.objects.exists()

    def test_a_timeout_takes_the_rows_back(self, make_handler, start_worker):
        def make_and_spin():
            Group.objects.create(name="made")
            jobs.spin(60)

        record = make_handler(make_and_spin, atomic=True, max_attempts=1, timeout=0.2).enqueue()
        start_worker()
        assert ended(record).status == JobStatus.FAILED
        assert not Group.objects.exists()

    def test_a_lost_claim_takes_the_rows_back(self, make_handler):
        handler = make_handler(lambda: Group.objects.create(name="made").pk, atomic=True)
        record = JobFactory(running=True, name=handler.name, kwargs={}, claim_token=2)
        ending = attempt(handler, id=record.pk, claim_token=1)
        assert not ending.is_written
        assert not Group.objects.exists()
        record.refresh_from_db()
        assert (record.status, record.result) == (JobStatus.RUNNING, None)


def drain_until_lost(record):
    """Run a worker until nothing runs any more but the job that somebody took."""
    Worker(max_jobs=1, shutdown_timeout=1).run()
    record.refresh_from_db()
    assert record.status == JobStatus.RUNNING


def test_a_worker_that_lost_its_claim_cannot_finish_the_job(make_handler, caplog):
    def lose():
        Job.objects.filter(pk=current_job.id).update(claim_token=99, progress_message="theirs")
        current_job.progress(50, message="ours")
        current_job.log.warning("from the loser")
        return "stale"

    record = make_handler(lose).enqueue()
    drain_until_lost(record)
    assert (record.result, record.progress_message, record.claim_token) == (None, "theirs", 99)
    assert not JobLog.objects.exists()
    assert "was taken from this worker; not written: completed" in caplog.text


def test_what_a_handler_leaves_of_a_transaction_does_not_reach_the_next_job(make_handler):
    def leave_open():
        transaction.set_autocommit(False)
        Group.objects.create(name="never committed")

    def leave_broken():
        with transaction.atomic():
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT nothing FROM nowhere")
            except DatabaseError:
                pass

    def leave_atomic():
        transaction.atomic().__enter__()
        Group.objects.create(name="never committed either")

    def leave_closed():
        transaction.atomic().__enter__()
        connection.close()

    def count_groups():
        return Group.objects.count()

    count = make_handler(count_groups, max_attempts=1)
    for func in (leave_open, leave_broken, leave_atomic, leave_closed):
        make_handler(func, max_attempts=1).enqueue()
        count.enqueue()
    drain(concurrency=1)
    assert set(Job.objects.named(count.name).values_list("status", "result")) == {(JobStatus.COMPLETED, 0)}
    assert not Group.objects.exists()


class TestAsync:
    def test_two_hundred_handlers_run_at_once(self, make_handler, set_jobs, start_worker):
        set_jobs(ASYNC_CONCURRENCY=200)
        here, everybody = set(), asyncio.Event()

        async def meet(number):
            here.add(number)
            if len(here) == 200:
                everybody.set()
            await asyncio.wait_for(everybody.wait(), LONG)
            return len(here)

        handler = make_handler(meet)
        handler.enqueue_many([[number] for number in range(200)])
        start_worker(concurrency=1)
        wait_until(lambda: Job.objects.completed().count() == 200)

    def test_no_more_run_at_once_than_asked_for_though_more_are_claimed(self, make_handler, set_jobs):
        set_jobs(ASYNC_CONCURRENCY=3)
        here, most = set(), []

        async def meet(number):
            here.add(number)
            most.append(len(here))
            await asyncio.sleep(0)
            here.remove(number)

        make_handler(meet).enqueue_many([[number] for number in range(300)])
        drain()
        assert (Job.objects.completed().count(), max(most)) == (300, 3)

    def test_short_ones_are_claimed_by_the_hundred_and_long_ones_as_there_are_slots(self, set_jobs):
        set_jobs(ASYNC_CONCURRENCY=20)
        jobs.add_async.enqueue_many([[1, 2]] * 500)
        worker = Worker(drain=True, poll_interval=0.05)
        worker.run()
        assert worker._executors._pace._seconds < BUFFERED_SECONDS, "it has learned from what it ran"
        for _ in range(200):
            worker._executors._pace.learn(0.0001)  # as on a machine that has nothing else to do
        assert worker._executors.room() > 100
        worker._executors._pace.slow_down(10)
        assert worker._executors.room() == 20

    def test_what_waits_for_a_slot_on_the_loop_goes_back_at_a_stop(self, make_handler, set_jobs, start_worker):
        set_jobs(ASYNC_CONCURRENCY=2, MAX_ATTEMPTS=1)

        async def wait():
            await asyncio.sleep(600)

        handler = make_handler(wait)
        jobs.add_async.enqueue_many([[1, 2]] * 200)
        worker = start_worker(shutdown_timeout=0.5)
        wait_until(lambda: Job.objects.completed().count() == 200)
        handler.enqueue_many([[]] * 50)
        wait_until(lambda: worker._executors._loop.waiting > 10)
        worker.stop(LONG)
        assert set(Job.objects.named(handler.name).values_list("status", "attempts")) == {(JobStatus.PENDING, 0)}

    def test_a_timeout_ends_a_handler_that_waits(self, make_handler, start_worker):
        cleaned = threading.Event()

        async def wait():
            try:
                await asyncio.sleep(600)
            finally:
                cleaned.set()

        record = make_handler(wait, timeout=0.2, max_attempts=1).enqueue()
        start_worker()
        assert "longer than its limit of 0.2 s" in ended(record).error
        assert cleaned.is_set()

    @pytest.mark.only_on("postgresql", "mysql")
    @pytest.mark.parametrize("connects_before", [False, True])
    def test_a_connection_that_was_cut_costs_no_handler_on_the_loop_an_attempt(
        self, make_handler, start_worker, monkeypatch, connects_before
    ):
        async def count():
            return await Group.objects.acount()

        if connects_before:
            monkeypatch.setattr(eventloop, "orm_care", eventloop.OrmCare())
            SyncToAsync.single_thread_executor.submit(Group.objects.count).result()
            cut_connections_for_good()
        handler = make_handler(count, max_attempts=1)
        start_worker()
        assert ended(handler.enqueue()).status == JobStatus.COMPLETED
        for _ in range(2):
            cut_connections_for_good()
            assert ended(handler.enqueue()).status == JobStatus.COMPLETED

    def test_a_handler_without_the_orm_pays_for_no_thread(self, start_worker, monkeypatch):
        executor = ThreadPoolExecutor(1)
        monkeypatch.setattr(SyncToAsync, "single_thread_executor", executor)
        start_worker()
        assert ended(jobs.add_async.enqueue(1, 2)).result == 3
        assert not executor._threads

    def test_a_cancelled_handler_ends(self, make_handler, start_worker):
        began = threading.Event()

        async def wait():
            began.set()
            await asyncio.sleep(600)

        record = make_handler(wait).enqueue()
        start_worker()
        assert began.wait(LONG)
        assert record.cancel("enough")
        assert (ended(record).status, record.error) == (JobStatus.CANCELLED, "Cancelled: enough")

    def test_a_handler_that_swallows_its_cancellation_is_abandoned(self, make_handler, start_worker, monkeypatch):
        monkeypatch.setattr(watch, "GRACE", 0.2)
        free = asyncio.Event()

        async def swallow():
            while not free.is_set():
                try:
                    await asyncio.wait_for(free.wait(), 60)
                except asyncio.CancelledError:
                    continue

        record = make_handler(swallow, timeout=0.1, max_attempts=1).enqueue()
        start_worker()
        assert ended(record).status == JobStatus.FAILED
        assert ended(jobs.add_async.enqueue(1, 2)).result == 3
        free.set()

    def test_a_task_that_cancels_itself_is_an_error_of_the_handler(self, make_handler):
        async def cancel_itself():
            asyncio.current_task().cancel()
            await asyncio.sleep(1)

        record = make_handler(cancel_itself, max_attempts=1).enqueue()
        drain()
        assert ended(record, 1).status == JobStatus.FAILED
        assert "cancelled by its own code" in record.error

    def test_current_job_and_logs_stay_apart(self, make_handler, set_jobs, start_worker):
        set_jobs(ASYNC_CONCURRENCY=50)

        async def talk(number):
            for step in range(3):
                await asyncio.sleep(0)
                logging.getLogger("tests.talk").warning("%d %d", number, step)
                current_job.progress(number, 100)
            return str(current_job.id)

        handler = make_handler(talk)
        records = handler.enqueue_many([[number] for number in range(50)])
        start_worker()
        wait_until(lambda: Job.objects.completed().count() == 50)
        for number, record in enumerate(records):
            record.refresh_from_db()
            assert (record.result, record.progress_current) == (str(record.pk), number)
            said = list(JobLog.objects.filter(job=record).order_by("id").values_list("message", flat=True))
            assert said == [f"{number} {step}" for step in range(3)]


@pytest.mark.only_on("postgresql", "mysql")
def test_receivers_meet_no_connection_that_was_cut_since_they_used_it(start_worker):
    counts = []

    def receive(**_):
        counts.append(Job.objects.count())

    job_completed.connect(receive)
    try:
        start_worker()
        jobs.echo.enqueue()
        wait_until(lambda: counts == [1])
        cut_connections_for_good()
        jobs.echo.enqueue()
        wait_until(lambda: counts == [1, 2])
    finally:
        job_completed.disconnect(receive)


class TestCancelling:
    def test_a_running_handler_is_stopped(self, start_worker, tmp_path):
        path = tmp_path / "running"
        record = jobs.hold.enqueue(str(path))
        start_worker()
        wait_until(path.exists)
        assert record.cancel("not needed")
        assert (ended(record).status, record.error) == (JobStatus.CANCELLED, "Cancelled: not needed")
        assert Attempt.objects.get().outcome == "cancelled"

    def test_a_claimed_job_that_has_not_begun_never_begins(self, make_handler, start_worker):
        free, ran = threading.Event(), []
        busy = make_handler(lambda: free.wait(LONG) and None).enqueue_many([[], []])
        waits = make_handler(lambda: ran.append(1)).enqueue()
        worker = start_worker(concurrency=2)
        wait_until(lambda: Job.objects.get(pk=waits.pk).status == JobStatus.RUNNING)
        waits.cancel()
        wait_until(lambda: worker._heartbeat.pass_cancels_on() or has_heard(worker))
        free.set()
        assert ended(waits).status == JobStatus.CANCELLED
        assert [ended(record).status for record in busy] == [JobStatus.COMPLETED] * 2
        assert not ran

    def test_a_handler_may_ask_whether_it_was_cancelled(self, make_handler, start_worker):
        asked = []

        def ask():
            try:
                jobs.spin(LONG)
            finally:
                try:
                    current_job.raise_if_cancelled()
                except BaseException as error:
                    asked.append(str(error))

        record = make_handler(ask).enqueue()
        start_worker()
        wait_until(lambda: Job.objects.running().exists())
        record.cancel("because")
        assert ended(record).status == JobStatus.CANCELLED
        assert asked == ["because"]

    def test_a_cancelled_job_is_not_tried_again(self, make_handler, start_worker):
        def fail_once_cancelled():
            Job.objects.filter(pk=current_job.id).update(cancel_requested_at="2026-01-01T00:00:00Z")
            raise ValueError("and it fails")

        record = make_handler(fail_once_cancelled).enqueue()
        start_worker()
        assert ended(record).status == JobStatus.CANCELLED


def has_heard(worker):
    """Tell whether a worker knows of a cancel request."""
    return any(running.is_cancelled for running in worker._executors.held())
