"""Jobs whose worker lives but cannot stop them, and jobs that wait in a worker for too long."""

from datetime import timedelta

import pytest

from django_jobs.models import Attempt, Job
from django_jobs.states import JobStatus
from django_jobs.worker import executors
from django_jobs.worker.rescue import OVERDUE, rescue
from tests import jobs
from tests.factories import JobFactory, WorkerFactory, ago
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def started(seconds, **fields):
    """Make a job that a living worker has run for so long, beside what it may."""
    patience = OVERDUE.total_seconds()
    return JobFactory(running=True, started_at=ago(seconds=patience + seconds), **fields)


def test_a_job_far_beyond_its_limit_is_a_timeout_that_others_write():
    record = started(30, timeout=timedelta(seconds=10), max_attempts=1)
    assert len(rescue("default").endings) == 1
    record.refresh_from_db()
    assert record.status == JobStatus.FAILED
    assert record.error == "Timed out: the limit of 10 s passed, and its worker did not stop it."
    assert Attempt.objects.get().worker_name == record.worker.name


def test_a_job_far_beyond_its_limit_is_tried_again_like_any_timeout():
    record = started(30, timeout=timedelta(seconds=10), max_attempts=2)
    rescue("default")
    record.refresh_from_db()
    assert (record.status, record.attempts, record.rescues) == (JobStatus.SCHEDULED, 1, 0)


@pytest.mark.parametrize("timeout", [timedelta(seconds=30), timedelta(0), None])
def test_a_job_is_left_to_its_worker_until_well_beyond_its_limit(timeout):
    started(20, timeout=timeout)
    assert not rescue("default").endings


def test_the_limit_of_the_handler_counts_for_jobs_without_their_own(monkeypatch):
    record = started(30, timeout=None)
    monkeypatch.setattr(type(jobs.echo), "limit", 10)
    assert [ending.report.id for ending, _ in rescue("default").endings] == [record.pk]


def test_a_host_that_does_not_know_the_limit_leaves_the_job_to_those_who_do():
    started(10_000, name="books.of_a_newer_release", timeout=None)
    started(15, timeout=timedelta(seconds=10))  # which may be more where the job runs, up to twice as much
    assert not rescue("default").endings
    record = started(30, name="books.of_a_newer_release", timeout=timedelta(seconds=10))
    assert [ending.report.id for ending, _ in rescue("default").endings] == [record.pk]


def test_many_long_jobs_do_not_hide_an_overdue_one(monkeypatch):
    monkeypatch.setattr("django_jobs.worker.rescue.BATCH", 3)
    for _ in range(5):
        started(500, timeout=timedelta(0))
    record = started(30, timeout=timedelta(seconds=10))
    assert [ending.report.id for ending, _ in rescue("default").endings] == [record.pk]


def test_a_job_that_waits_behind_slow_ones_is_given_back_for_others(start_worker, monkeypatch, tmp_path):
    monkeypatch.setattr(executors, "STALE", 0.3)
    quick = jobs.add.enqueue_many([[1]] * 200)
    worker = start_worker(concurrency=2)
    wait_until(lambda: Job.objects.completed().count() == len(quick))
    assert worker._executors._buffer > 10
    gate = tmp_path / "gate"
    jobs.stay.using(priority="high").enqueue_many([[str(tmp_path / "here"), str(gate)]] * 20)
    wait_until(lambda: Attempt.objects.filter(outcome="released").count() >= 10)
    assert worker._executors._buffer == 0
    wait_until(lambda: Job.objects.running().count() == 2 and Job.objects.pending().count() == 18)
    assert set(Job.objects.pending().values_list("attempts", flat=True)) == {0}
    other = WorkerFactory()
    assert len(worker._store.claim(other.pk, "default", 20)) == 18
    gate.touch()
