"""The handlers of a trial: one of each kind, each noting when it began, what it did and when it ended."""

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.dispatch import receiver

from django_jobs import Retry, current_job, job
from django_jobs.attempt.running import current_running
from django_jobs.models import Job
from django_jobs.signals import job_cancelled, job_completed, job_failed

from .journal import note

EFFECTS = "chaos_effect"
"""A plain table: a row for each effect of an atomic job, in the transaction that completes it."""


@contextmanager
def noted() -> Iterator[None]:
    """Note the beginning, the effect once the block is through, and the end however it comes."""
    running = current_running()
    assert running is not None
    said = {"job": str(running.claim.id), "token": running.claim.claim_token, "worker": running.worker_name}
    note("began", **said)
    try:
        yield
        note("did", **said)
    finally:
        note("ended", **said)


def count_in_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {EFFECTS} (job_id) VALUES (%s)", [str(current_job.id)])


@job
def short() -> None:
    """Do next to nothing."""
    with noted():
        pass


@job
def slow(seconds: float) -> str:
    """Take seconds, and talk of them."""
    with noted():
        for step in range(10):
            time.sleep(seconds / 10)
            current_job.progress(step + 1, total=10, message="slowly")
        current_job.log.info("slept %.1f s", seconds)
    return "slept"


@job(atomic=True)
def atomic(seconds: float) -> None:
    """Leave one row."""
    with noted():
        count_in_table()
        time.sleep(seconds)


@job(atomic=True)
def atomic_parent() -> None:
    """Leave one row and one job."""
    with noted():
        count_in_table()
        note("intended", job=str(short.enqueue().pk))
        time.sleep(random.uniform(0, 0.2))


@job(atomic=True, executor="process")
def atomic_process(seconds: float) -> None:
    """Leave one row, from a process of its own."""
    with noted():
        count_in_table()
        time.sleep(seconds)


@job(atomic=True)
def atomic_aimed() -> None:
    """Leave one row, and at first have the worker killed at about the moment of the commit."""
    with noted():
        count_in_table()
        if current_job.attempt == 1:
            threading.Timer(random.uniform(0, 0.03), os.kill, [os.getpid(), signal.SIGKILL]).start()


@job
def completing() -> None:
    """Leave one row in a transaction of its own making."""
    with current_job.complete_in_transaction(), noted():
        count_in_table()
        time.sleep(random.uniform(0, 0.2))


@job(executor="process")
def heavy(seconds: float) -> float:
    """Compute in a process of its own."""
    with noted():
        until, total = time.monotonic() + seconds, 0.0
        while time.monotonic() < until:
            total += sum(map(float, range(1000)))
            time.sleep(0.005)
    return total


@job
def flaky(failures: int) -> None:
    """Fail a few times, in one way and another."""
    with noted():
        if current_job.attempt <= failures:
            raise Retry("not yet", delay=0.1) if current_job.attempt % 2 else ValueError("broken")


@job(max_attempts=2)
def doomed() -> None:
    """Fail whenever it is tried."""
    with noted():
        raise ValueError("broken for good")


@job
async def waiting(seconds: float) -> None:
    """Wait on the event loop."""
    with noted():
        await asyncio.sleep(seconds)


@job
def parent() -> None:
    """Enqueue another job, at least once."""
    with noted():
        with transaction.atomic():
            child = str(short.enqueue().pk)
            note("intended", job=child)
        note("enqueued", job=child)


@receiver([job_completed, job_failed, job_cancelled])
def tell(sender: object, job: Job, **_: object) -> None:
    """Note every end that is told."""
    note("told", job=str(job.pk), status=job.status)
