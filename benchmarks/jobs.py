"""The handlers that django_jobs runs here."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from django.dispatch import receiver

from benchmarks import tally
from django_jobs import current_job, job
from django_jobs.signals import job_completed

RESULT = {"text": "x" * 190}


@job
def noop(number: int, text: str) -> None:
    """Do nothing."""
    tally.count(1)


@job
async def anoop(number: int, text: str) -> None:
    """Do nothing, on the event loop."""
    tally.count(1)


@job
def worked(number: int, text: str) -> dict[str, str]:
    """Do what handlers of a real site do besides their work: log a line, report progress, return something."""
    current_job.log.info("working on %d", number)
    current_job.progress(1, total=2, message=text)
    tally.count(1)
    return RESULT


@job
async def asleep(number: int, text: str) -> None:
    """Wait for a second, as for an answer from elsewhere."""
    await asyncio.sleep(1)
    tally.count(1)


@job
def stamped(sent: float) -> None:
    """Write down how long the way here took."""
    tally.mark(sent)
    tally.count(1)


if os.environ.get("BENCH_RECEIVER"):

    @receiver(job_completed)
    def received(sender: object, **event: Any) -> None:
        """Hear of every job, as a site's receiver does."""
