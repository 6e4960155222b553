"""Statistics and workers go with the jobs they tell of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_jobs.ids import uuid7
from django_jobs.models import Job, Stat, Worker
from django_jobs.pruning import prune_traces
from tests.factories import JobFactory, WorkerFactory

pytestmark = pytest.mark.django_db

CUTOFF = timezone.now() - timedelta(days=7)


def make_stat(minute):
    return Stat.objects.create(minute=minute, worker_id=uuid7(), name="tests.echo", queue_name="default")


def test_statistics_of_minutes_before_the_cutoff_go_and_later_ones_stay():
    make_stat(CUTOFF - timedelta(minutes=1))
    kept = make_stat(CUTOFF)
    prune_traces(CUTOFF)
    assert list(Stat.objects.all()) == [kept]


def test_workers_last_heard_of_before_the_cutoff_go_and_later_ones_stay():
    WorkerFactory(heartbeat_at=CUTOFF - timedelta(minutes=1))
    kept = WorkerFactory(lapsed=True)
    prune_traces(CUTOFF)
    assert list(Worker.objects.all()) == [kept]


def test_workers_that_live_or_have_jobs_to_be_rescued_stay_however_short_the_retention():
    now = timezone.now()
    alive = WorkerFactory()
    dead, _ = WorkerFactory.create_batch(2, heartbeat_at=now - timedelta(days=9))
    JobFactory(running=True, worker=dead)
    prune_traces(now + timedelta(seconds=1))
    assert set(Worker.objects.all()) == {alive, dead}


def test_a_job_outlives_the_row_of_its_worker():
    record = JobFactory(completed=True, worker=WorkerFactory(heartbeat_at=CUTOFF - timedelta(minutes=1)))
    prune_traces(CUTOFF)
    assert Job.objects.select_related("worker").get(pk=record.pk).worker is None
