"""Signals and `on_error`: told after the commit, in order, and unable to harm a job."""

import logging
import threading
import time
from contextlib import contextmanager

import pytest
from django.db import OperationalError

from django_jobs import Fail, JobTimeout, Retry, Snooze, UnknownHandler, WorkerLost, current_job, signals
from django_jobs.models import Job
from django_jobs.states import JobStatus
from django_jobs.worker import Worker, notifier, watch
from tests import jobs
from tests.factories import JobFactory
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("started", "progressed", "retrying", "completed", "failed", "cancelled", "event", "logged")


def drain(**options):
    return Worker(drain=True, poll_interval=0.05, shutdown_timeout=5, **options).run()


@contextmanager
def hearing(*names):
    """Collect what signals say: name, sender, the job's status in the row and as told, and the rest."""
    heard = []

    def listen(name):
        def receive(sender, signal, job, **facts):
            stored = Job.objects.get(pk=job.pk).status
            heard.append((name, sender, stored, job.status, facts))

        return receive

    receivers = {name: listen(name) for name in names or NAMES}
    for name, receiver in receivers.items():
        getattr(signals, f"job_{name}").connect(receiver, weak=False)
    try:
        yield heard
    finally:
        for name, receiver in receivers.items():
            getattr(signals, f"job_{name}").disconnect(receiver)


def test_a_job_is_told_of_from_start_to_end(make_handler):
    def work():
        current_job.progress(1, 2, "half")
        current_job.emit("spoken", {"n": 1})
        logging.getLogger("tests").warning("said")
        return 7

    handler = make_handler(work)
    with hearing() as heard:
        handler.enqueue()
        drain()
    assert {sender for _, sender, *_ in heard} == {handler}
    names = [name for name, *_ in heard]
    assert sorted(names) == ["completed", "event", "logged", "progressed", "started"]
    assert (names[0], names[-1]) == ("started", "completed")
    facts = {name: facts for name, _, _, _, facts in heard}
    assert facts["started"] == {"attempt": 1}
    assert facts["progressed"] == {"current": 1, "total": 2, "message": "half"}
    assert facts["event"] == {"name": "spoken", "data": {"n": 1}}
    assert facts["logged"]["log"].message == "said"
    assert facts["logged"]["log"].pk
    assert facts["completed"] == {"result": 7}


@contextmanager
def told_of_completions(*names):
    """Collect which fields of completed jobs were read from their rows before and after a receiver asked for some."""
    heard = []

    def receive(job, **_):
        before = job.get_deferred_fields()
        heard.append((before, {name: getattr(job, name) for name in names}, job))

    signals.job_completed.connect(receive)
    try:
        yield heard
    finally:
        signals.job_completed.disconnect(receive)


def test_a_receiver_of_completions_gets_what_the_worker_knows_without_a_query(make_handler):
    def work(a, b="x"):
        return {"pair": (1, 2)}

    names = ("status", "result", "args", "kwargs", "owner", "attempts", "max_attempts", "queue_name", "priority", "pk")
    with told_of_completions(*names) as heard:
        jobs = make_handler(work).using(owner="o").enqueue_many([[1], {"a": None, "b": "y"}])
        drain(concurrency=1)
    rows = Job.objects.in_bulk(jobs.ids)
    assert [facts for _, facts, _ in heard] == [{name: getattr(rows[pk], name) for name in names} for pk in jobs.ids]
    for _, _, job in heard:
        assert {"created_at", "started_at", "finished_at", "parent_id"} <= job.get_deferred_fields()
        assert job.duration == rows[job.pk].duration
        assert (job.created_at, job.parent) == (rows[job.pk].created_at, None)


def test_rows_are_read_for_receivers_that_ask_for_more_than_the_worker_knows(make_handler):
    handler = make_handler(lambda: None)
    with told_of_completions("created_at") as heard:
        record = handler.enqueue()
        worker = Worker(concurrency=1, poll_interval=0.05)
        thread = threading.Thread(target=worker.run)
        thread.start()
        wait_until(lambda: heard)
        again = handler.enqueue()
        wait_until(lambda: len(heard) == 2)
        worker.stop()
        thread.join(LONG)
    (before, facts, _), (later, later_facts, _) = heard
    assert "created_at" in before
    assert not later
    assert [facts["created_at"], later_facts["created_at"]] == [record.created_at, again.created_at]


def test_a_receiver_sees_arguments_as_they_were_enqueued(make_handler):
    def spoil(names, **more):
        names.append("spoilt")
        more["late"] = "spoilt"

    with told_of_completions("args", "kwargs") as heard:
        make_handler(spoil).enqueue_many([[["a"]], {"names": [], "early": 1}])
        drain(concurrency=1)
    assert [facts["kwargs"] for _, facts, _ in heard] == [{"names": ["a"]}, {"names": [], "early": 1}]


def outcomes():
    error = ValueError("broken")
    yield "failed", error, 1, {"error": "ValueError: broken", "exception": error, "attempts": 1}
    fail = Fail("no use")
    yield "failed", fail, 5, {"error": "no use", "exception": fail, "attempts": 1}
    yield "retrying", error, 2, {"error": "ValueError: broken", "exception": error}
    retry = Retry("not yet", delay=60)
    yield "retrying", retry, 2, {"error": "not yet", "exception": retry}


@pytest.mark.parametrize(("name", "error", "max_attempts", "expected"), list(outcomes()))
def test_each_outcome_is_told_as_documented(make_handler, name, error, max_attempts, expected):
    def work():
        raise error

    make_handler(work, max_attempts=max_attempts, backoff=lambda attempt: 60).enqueue()
    with hearing("retrying", "failed", "completed") as heard:
        drain()
    ((told, _, stored, status, facts),) = heard
    assert told == name
    assert stored == status == (JobStatus.FAILED if name == "failed" else JobStatus.SCHEDULED)
    if name == "retrying":
        assert facts.pop("delay").total_seconds() == 60
    assert facts == expected


def test_a_snooze_is_no_retry(make_handler):
    def work():
        raise Snooze(60)

    make_handler(work).enqueue()
    with hearing("retrying", "failed", "completed") as heard:
        drain()
    assert not heard


def test_a_cancelled_job_is_told_with_the_reason(start_worker, tmp_path):
    record = jobs.hold.enqueue(str(tmp_path / "running"))
    with hearing("cancelled") as heard:
        start_worker()
        wait_until((tmp_path / "running").exists)
        record.cancel("not needed")
        wait_until(lambda: heard)
    ((_, sender, stored, _, facts),) = heard
    assert (sender, stored) == (jobs.hold, JobStatus.CANCELLED)
    assert facts == {"reason": "not needed"}


def test_a_receiver_may_listen_to_one_handler_only(make_handler):
    heard = []
    ours, theirs = make_handler(lambda: 1), make_handler(lambda: 2)

    def receive(sender, job, **facts):
        heard.append(job.name)

    signals.job_completed.connect(receiver=receive, sender=ours)
    try:
        theirs.enqueue()
        ours.enqueue()
        drain()
    finally:
        signals.job_completed.disconnect(receive, sender=ours)
    assert heard == [ours.name]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_a_receiver_that_raises_harms_no_job_and_no_other_receiver(error):
    def broken(**facts):
        raise error

    for name in NAMES:
        getattr(signals, f"job_{name}").connect(broken)
    try:
        with hearing("completed", "failed") as heard:
            records = [jobs.talk.enqueue(), jobs.give_up.enqueue(), jobs.echo.enqueue(1)]
            drain()
    finally:
        for name in NAMES:
            getattr(signals, f"job_{name}").disconnect(broken)
    for record in records:
        record.refresh_from_db()
    assert [record.status for record in records] == [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.COMPLETED]
    assert len(heard) == 3 or not isinstance(error, Exception)


def test_a_receiver_that_ends_its_thread_costs_other_jobs_no_signal():
    def ending(job, **facts):
        if job.kwargs["value"] == 1:
            raise SystemExit

    signals.job_completed.connect(ending)
    try:
        with hearing("completed") as heard:
            jobs.echo.enqueue_many([[1], [2], [3]])
            drain()
    finally:
        signals.job_completed.disconnect(ending)
    assert {2, 3} <= {facts["result"] for *_, facts in heard}


def test_a_receiver_that_blocks_does_not_hold_up_outcomes(start_worker):
    free = threading.Event()

    def slow(**facts):
        free.wait(LONG)

    signals.job_completed.connect(slow)
    try:
        start_worker()
        records = [jobs.echo.enqueue(number) for number in range(20)]
        assert all(record.wait(LONG).status == JobStatus.COMPLETED for record in records)
        free.set()
    finally:
        signals.job_completed.disconnect(slow)


def test_a_receiver_that_never_returns_keeps_no_outcome_from_being_written(start_worker, monkeypatch, caplog):
    monkeypatch.setattr(notifier, "CAPACITY", 2)
    monkeypatch.setattr(notifier, "PATIENCE", 0.05)
    free, told = threading.Event(), []

    def stuck(job, **facts):
        free.wait(LONG)
        told.append(job.result)

    signals.job_completed.connect(stuck)
    try:
        start_worker()
        for number in range(8):
            assert jobs.echo.enqueue(number).wait(LONG).status == JobStatus.COMPLETED
        assert "signals are dropped" in caplog.text
        free.set()
        wait_until(lambda: len(told) >= 2)
        last = jobs.echo.enqueue("told again")
        assert last.wait(LONG).status == JobStatus.COMPLETED
        wait_until(lambda: "told again" in told)
        assert "receivers take signals again; " in caplog.text
    finally:
        free.set()
        signals.job_completed.disconnect(stuck)


def test_a_worker_stops_though_a_receiver_never_returns(monkeypatch):
    free = threading.Event()
    monkeypatch.setattr("django_jobs.worker.notifier.CAPACITY", 2)

    def stuck(**facts):
        free.wait(LONG)

    signals.job_completed.connect(stuck)
    try:
        for _ in range(8):
            jobs.echo.enqueue(1)
        worker = Worker(shutdown_timeout=0.5, concurrency=1)
        worker.start()
        wait_until(lambda: Job.objects.completed().exists())
        began = time.monotonic()
        assert worker.stop(LONG)
        assert time.monotonic() - began < 10
    finally:
        free.set()
        signals.job_completed.disconnect(stuck)
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "django_jobs-notifier"])


class TestOnError:
    def test_it_is_called_once_the_job_has_failed_for_good(self, make_handler, start_worker):
        called = []

        def work():
            raise error

        error = ValueError("broken")
        handler = make_handler(work, max_attempts=3)
        handler.on_error(lambda job, exception: called.append((job.status, job.attempts, exception)))
        handler.enqueue()
        start_worker()
        wait_until(lambda: called)
        assert called == [(JobStatus.FAILED, 3, error)]

    @pytest.mark.parametrize("raised", [RuntimeError("no"), SystemExit(1)])
    def test_one_that_raises_harms_nobody(self, make_handler, caplog, raised):
        called = []

        def work():
            raise ValueError("broken")

        def broken(job, exception):
            called.append("broken")
            raise raised

        handler = make_handler(work, max_attempts=1, on_error=broken)
        handler.on_error(lambda job, exception: called.append("next"))
        record = handler.enqueue()
        with hearing("failed") as heard:
            drain()
        record.refresh_from_db()
        assert (record.status, record.error) == (JobStatus.FAILED, "ValueError: broken")
        assert called == ["broken", "next"]
        assert len(heard) == 1
        assert f"on_error of {handler.name} failed" in caplog.text

    def test_it_hears_of_a_timeout(self, make_handler, start_worker):
        called = []
        handler = make_handler(lambda: jobs.spin(60), max_attempts=1, timeout=0.2)
        handler.on_error(lambda job, exception: called.append(exception))
        handler.enqueue()
        start_worker()
        wait_until(lambda: called)
        assert isinstance(called[0], JobTimeout)

    def test_it_hears_of_a_timeout_that_the_handler_ignored(self, make_handler, start_worker, monkeypatch):
        monkeypatch.setattr(watch, "GRACE", 0.1)
        called, free = [], threading.Event()

        def work():
            while not free.is_set():
                try:
                    free.wait(LONG)
                except BaseException:
                    continue

        handler = make_handler(work, max_attempts=1, timeout=0.1)
        handler.on_error(lambda job, exception: called.append(exception))
        handler.enqueue()
        start_worker()
        wait_until(lambda: called)
        free.set()
        assert isinstance(called[0], JobTimeout)

    def test_it_hears_of_a_worker_that_died(self, make_handler, start_worker):
        called = []
        handler = make_handler(lambda: None, on_error=lambda job, exception: called.append(exception))
        JobFactory(orphaned=True, name=handler.name, kwargs={}, max_attempts=1)
        start_worker()
        wait_until(lambda: called)
        assert isinstance(called[0], WorkerLost)


def test_an_unknown_job_is_told_without_a_sender():
    JobFactory(name="tests.gone")
    with hearing("failed") as heard:
        drain()
    ((_, sender, _, _, facts),) = heard
    assert sender is None
    assert isinstance(facts["exception"], UnknownHandler)


def test_a_connection_that_was_cut_does_not_silence_anybody(make_handler, start_worker, monkeypatch):
    """The thread that tells may be idle for hours, and its connection with it."""
    cuts = [OperationalError("server has gone away")]
    in_bulk = type(Job.objects.all()).in_bulk

    def cut(self, *args, **options):
        if cuts:
            raise cuts.pop()
        return in_bulk(self, *args, **options)

    called = []

    def work():
        monkeypatch.setattr(type(Job.objects.all()), "in_bulk", cut)
        raise ValueError("broken")

    make_handler(work, max_attempts=1, on_error=lambda job, exception: called.append(job.pk)).enqueue()
    start_worker()
    wait_until(lambda: called)
    assert not cuts
