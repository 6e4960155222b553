from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from django_jobs.models import Job, Stat, Worker
from django_jobs.states import JobStatus


@pytest.fixture
def make_worker(db):
    """Return a function that makes a worker whose heart beat `silent_for` ago."""

    def make(*, silent_for: timedelta = timedelta(0), **fields) -> Worker:
        heartbeat = timezone.now() - silent_for
        return Worker.objects.create(**{"name": "w", "hostname": "h", "pid": 1, "heartbeat_at": heartbeat, **fields})

    return make


@pytest.fixture
def make_job(db):
    """Return a function that makes a job that has been due for `due_for`."""

    def make(status: str = JobStatus.PENDING, *, due_for: timedelta = timedelta(0), **fields) -> Job:
        due = timezone.now() - due_for
        return Job.objects.create(**{"name": "shop.count", "status": status, "run_after": due, **fields})

    return make


@pytest.fixture
def make_stat(db):
    """Return a function that makes a minute's counts, from `ago`."""

    def make(*, ago: timedelta = timedelta(minutes=5), name: str = "shop.count", **counts) -> Stat:
        minute = (timezone.now() - ago).replace(second=0, microsecond=0)
        return Stat.objects.create(minute=minute, worker_id=uuid4(), name=name, queue_name="default", **counts)

    return make
