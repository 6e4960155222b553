"""What a transaction of the caller's means for a job: I2 and I8 of the docs' promises."""

from contextlib import contextmanager, suppress

import pytest
from django.db import connection, transaction

from django_jobs.ids import uuid7
from django_jobs.models import Job
from django_jobs.signals import job_enqueued
from django_jobs.states import Outcome
from django_jobs.store import Report
from tests.factories import JobFactory
from tests.jobs import echo

from .meanwhile import Elsewhere, held_open, tell_the_planner, unhindered

pytestmark = pytest.mark.django_db(transaction=True)


class Undone(Exception):
    """What makes a transaction roll back."""


@contextmanager
def rolled_back():
    with suppress(Undone), transaction.atomic():
        yield
        raise Undone


@pytest.fixture
def announced():
    """Collect the jobs that were announced."""
    jobs: list[Job] = []

    def receive(job, **_):
        jobs.append(job)

    job_enqueued.connect(receive)
    yield jobs
    job_enqueued.disconnect(receive)


def test_a_rollback_leaves_no_job_and_tells_nobody(store, announced):
    with rolled_back():
        echo.enqueue(1)
        echo.using(delay=60).enqueue(2)
        echo.enqueue_many([{"value": 3}, {"value": 4}])
    assert not Job.objects.exists()
    assert store.claim(uuid7(), "default", 5) == []
    assert announced == []


def test_a_savepoint_takes_back_its_own_jobs_only(announced):
    with transaction.atomic():
        kept = echo.enqueue("kept")
        with rolled_back():
            echo.enqueue("undone")
        assert announced == []
    assert Job.objects.get() == kept
    assert announced == [kept]


def test_a_job_outside_a_transaction_is_there_at_once(store, announced):
    job = echo.enqueue(1)
    assert announced == [job]
    claim = Elsewhere(lambda: store.claim(uuid7(), "default", 5)).value()
    assert [claimed.id for claimed in claim] == [job.pk]


@pytest.mark.only_on("postgresql", "mysql")
def test_nobody_claims_a_job_whose_transaction_is_still_open(store):
    with held_open(lambda: echo.enqueue(1)) as job:
        assert store.claim(uuid7(), "default", 5) == []
    assert [claim.id for claim in store.claim(uuid7(), "default", 5)] == [job.pk]


@pytest.mark.only_on("sqlite")
def test_nobody_sees_a_job_whose_transaction_is_still_open():
    with held_open(lambda: echo.enqueue(1)):
        assert not Job.objects.exists()
    assert Job.objects.count() == 1


@pytest.mark.only_on("postgresql", "mysql")
def test_an_open_enqueue_holds_up_neither_enqueuers_nor_workers(store):
    JobFactory(priority=-5), JobFactory(running=True), JobFactory(due=True)
    tell_the_planner()
    with held_open(lambda: [echo.enqueue(n) for n in range(20)]):
        unhindered(lambda: echo.enqueue_many({"value": n} for n in range(20)))
        claims = unhindered(lambda: store.claim(uuid7(), "default", 50))
        assert len(claims) == 21
        assert unhindered(store.promote) == 1
        reports = [Report(claim.id, claim.claim_token, Outcome.COMPLETED) for claim in claims]
        assert len(unhindered(lambda: store.finish(reports))) == 21


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.parametrize("status", ["scheduled", "pending", "running"])
def test_an_open_enqueue_holds_up_nobody_who_cancels_or_steers_other_jobs(status):
    jobs = JobFactory.create_batch(5, **{status: True})
    finished = JobFactory(failed=True)
    tell_the_planner()
    with held_open(lambda: [echo.enqueue(1), echo.using(delay=60).enqueue(2)]):
        assert unhindered(lambda: Job.objects.filter(pk__in=[job.pk for job in jobs]).cancel()) == 5
        assert unhindered(finished.retry)


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.parametrize("status", ["scheduled", "pending", "running"])
def test_changing_one_job_holds_up_nobody_who_changes_another(store, status):
    one, other = JobFactory(**{status: True}), JobFactory(**{status: True})
    tell_the_planner()
    with held_open(one.cancel):
        assert unhindered(other.cancel)
        if status == "running":
            assert unhindered(lambda: store.finish([Report(other.pk, other.claim_token, Outcome.COMPLETED)]))


@pytest.mark.only_on("postgresql", "mysql")
def test_an_open_claim_holds_up_no_enqueue(store):
    JobFactory.create_batch(3)
    with held_open(lambda: store.claim(uuid7(), "default", 2)):
        unhindered(lambda: echo.enqueue(1))
        unhindered(lambda: echo.using(priority="high").enqueue(2))
    assert Job.objects.count() == 5


def test_no_transaction_is_left_open_by_the_store(store):
    JobFactory(), JobFactory(due=True)
    store.promote()
    store.claim(uuid7(), "default", 5)
    Job.objects.all().cancel()
    assert not connection.in_atomic_block
    assert connection.get_autocommit()
