"""Rows in the states that tests want, by name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import factory
from django.utils import timezone

from django_jobs.ids import uuid7
from django_jobs.models import Job, Worker
from django_jobs.states import JobStatus


def ago(**span: float):
    return factory.LazyFunction(lambda: timezone.now() - timedelta(**span))


class WorkerFactory(factory.django.DjangoModelFactory):
    """A worker that was heard of just now."""

    if TYPE_CHECKING:

        def __new__(cls, **fields: Any) -> Worker: ...  # type: ignore[misc]

    class Meta:
        model = Worker

    name = factory.Sequence(lambda number: f"host:{number}")
    hostname = "host"
    pid = factory.Sequence(lambda number: 1000 + number)
    concurrency = 5

    class Params:
        lapsed = factory.Trait(heartbeat_at=ago(hours=1), started_at=ago(hours=2))
        stopped = factory.Trait(stopped_at=ago(minutes=1))


class JobFactory(factory.django.DjangoModelFactory):
    """A pending job of the handler that returns its argument."""

    if TYPE_CHECKING:

        def __new__(cls, **fields: Any) -> Job: ...  # type: ignore[misc]

    class Meta:
        model = Job

    name = "tests.echo"
    kwargs = factory.LazyFunction(lambda: {"value": 1})

    class Params:
        pending = factory.Trait(status=JobStatus.PENDING)
        scheduled = factory.Trait(
            status=JobStatus.SCHEDULED, run_after=factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))
        )
        due = factory.Trait(status=JobStatus.SCHEDULED, run_after=ago(seconds=1))
        waiting = factory.Trait(status=JobStatus.WAITING)
        running = factory.Trait(
            status=JobStatus.RUNNING,
            attempts=1,
            claim_token=1,
            started_at=ago(seconds=5),
            worker=factory.SubFactory(WorkerFactory),
        )
        orphaned = factory.Trait(
            status=JobStatus.RUNNING,
            attempts=1,
            claim_token=1,
            started_at=ago(hours=1),
            worker=factory.SubFactory(WorkerFactory, lapsed=True),
        )
        abandoned = factory.Trait(
            status=JobStatus.RUNNING, attempts=1, claim_token=1, started_at=ago(hours=1), worker_id=uuid7()
        )
        completed = factory.Trait(
            status=JobStatus.COMPLETED,
            attempts=1,
            claim_token=1,
            started_at=ago(seconds=10),
            finished_at=ago(seconds=5),
            result=1,
        )
        failed = factory.Trait(
            status=JobStatus.FAILED,
            attempts=3,
            claim_token=3,
            started_at=ago(seconds=10),
            finished_at=ago(seconds=5),
            error="ValueError: broken",
        )
        cancelled = factory.Trait(
            status=JobStatus.CANCELLED,
            finished_at=ago(seconds=5),
            cancel_requested_at=ago(seconds=5),
            error="Cancelled.",
        )
