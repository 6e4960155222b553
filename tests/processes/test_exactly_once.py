"""Effects and completion commit together, or neither does."""

import threading

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from django_jobs import current_job
from django_jobs.attempt.running import current_running
from django_jobs.exceptions import TimeoutInterruption
from django_jobs.models import Job
from django_jobs.signals import job_completed
from django_jobs.states import JobStatus
from tests import jobs
from tests.jobs import spin
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 0.3


def ended(record, seconds=LONG):
    return record.wait(seconds, interval=0.01)


def atomically(make_handler, body, **options):
    return make_handler(body, atomic=True, max_attempts=1, **options)


def late(make_handler, body, **options):
    def handler():
        with current_job.complete_in_transaction() as completion:
            completion.result = body()

    return make_handler(handler, max_attempts=1, **options)


both = pytest.mark.parametrize("make", [atomically, late])


@both
def test_effects_and_completion_are_one(make, make_handler, start_worker):
    heard = []

    def receive(sender, job, result, **_):
        heard.append((job.status, result))

    job_completed.connect(receive)
    record = make(make_handler, lambda: Group.objects.create(name="made").name).enqueue()
    start_worker()
    assert (ended(record).status, record.result) == (JobStatus.COMPLETED, "made")
    wait_until(lambda: heard)
    job_completed.disconnect(receive)
    assert heard[0][0] == JobStatus.COMPLETED
    assert Group.objects.count() == 1


@both
def test_nobody_sees_effects_before_the_completion(make, make_handler, start_worker):
    written, seen = threading.Event(), threading.Event()

    def body():
        Group.objects.create(name="made")
        written.set()
        assert seen.wait(LONG)

    record = make(make_handler, body).enqueue()
    start_worker()
    assert written.wait(LONG)
    assert not Group.objects.exists()
    seen.set()
    assert ended(record).status == JobStatus.COMPLETED
    assert Group.objects.exists()


@both
def test_a_failure_leaves_no_effect(make, make_handler, start_worker):
    def body():
        Group.objects.create(name="made")
        raise ValueError("no")

    record = make(make_handler, body).enqueue()
    start_worker()
    assert (ended(record).status, record.error) == (JobStatus.FAILED, "ValueError: no")
    assert not Group.objects.exists()


@both
def test_an_interruption_before_the_commit_leaves_no_effect(make, make_handler, start_worker):
    def body():
        Group.objects.create(name="made")
        jobs.spin(60)

    record = make(make_handler, body, timeout=LIMIT).enqueue()
    start_worker()
    assert ended(record).error.startswith("Timed out")
    assert not Group.objects.exists()


@both
def test_a_handler_that_swallows_its_interruption_leaves_no_effect(make, make_handler, start_worker):
    def body():
        Group.objects.create(name="made")
        try:
            jobs.spin(60)
        except BaseException:
            return

    record = make(make_handler, body, timeout=LIMIT).enqueue()
    start_worker()
    assert ended(record).error.startswith("Timed out")
    assert not Group.objects.exists()


@both
@pytest.mark.skipif(connection.vendor == "sqlite", reason="nobody else writes while a transaction is open on SQLite")
def test_a_claim_that_was_lost_leaves_no_effect(make, make_handler, start_worker, caplog):
    written, lost = threading.Event(), threading.Event()

    def body():
        Group.objects.create(name="made")
        written.set()
        assert lost.wait(LONG)

    record = make(make_handler, body).enqueue()
    worker = start_worker(shutdown_timeout=5)
    assert written.wait(LONG)
    Job.objects.filter(pk=record.pk).update(claim_token=99, progress_message="theirs")
    lost.set()
    worker.stop(LONG)
    record.refresh_from_db()
    assert (record.status, record.claim_token, record.progress_message) == (JobStatus.RUNNING, 99, "theirs")
    assert not Group.objects.exists()
    assert "was taken from this worker" in caplog.text


def test_what_follows_the_completion_undoes_nothing(make_handler, start_worker, caplog):
    def handler():
        with current_job.complete_in_transaction() as completion:
            completion.result = Group.objects.create(name="made").name
        raise ValueError("too late")

    record = make_handler(handler).enqueue()
    worker = start_worker()
    assert (ended(record).status, record.result, record.attempts) == (JobStatus.COMPLETED, "made", 1)
    worker.stop(LONG)
    record.refresh_from_db()
    assert record.status == JobStatus.COMPLETED
    assert Group.objects.count() == 1
    assert "raised after it had completed" in caplog.text


def test_a_job_is_completed_in_a_transaction_only_once(make_handler, start_worker):
    def handler():
        for name in ("first", "second"):
            with current_job.complete_in_transaction() as completion:
                completion.result = Group.objects.create(name=name).name

    record = make_handler(handler, max_attempts=1).enqueue()
    start_worker()
    assert (ended(record).status, record.result) == (JobStatus.COMPLETED, "first")
    assert Group.objects.get().name == "first"


def test_an_interruption_after_the_commit_takes_nothing_back(make_handler, start_worker, caplog):
    arrived = []

    def handler():
        with current_job.complete_in_transaction() as completion:
            completion.result = Group.objects.create(name="made").name
            transaction.on_commit(lambda: arrived.append(current_running().interrupt(TimeoutInterruption("late"))))

    record = make_handler(handler).enqueue()
    worker = start_worker()
    assert (ended(record).status, record.result) == (JobStatus.COMPLETED, "made")
    worker.stop(LONG)
    assert arrived == [False]
    assert "was taken from this worker" not in caplog.text
    assert "after it had completed" not in caplog.text


def test_what_hangs_after_its_completion_is_still_stopped(make_handler, start_worker, caplog):
    def handler():
        with current_job.complete_in_transaction():
            Group.objects.create(name="made")
        spin(LONG)

    record = make_handler(handler, timeout=0.5).enqueue()
    worker = start_worker()
    wait_until(lambda: "raised after it had completed" in caplog.text)
    worker.stop(LONG)
    assert ended(record).status == JobStatus.COMPLETED
