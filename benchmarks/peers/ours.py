"""django_jobs itself."""

from __future__ import annotations

import django
from django.core.management import call_command

from benchmarks.inside import ARGUMENTS, send_at_random, timed

django.setup()

from benchmarks import jobs


def prepare() -> None:
    """Make the tables."""
    call_command("migrate", verbosity=0)


def fill(total: int, kind: str = "noop") -> float:
    """Enqueue in one call."""
    handler = getattr(jobs, kind)
    return timed(lambda: handler.enqueue_many(ARGUMENTS for _ in range(total)))


def send(per_second: float, total: int) -> None:
    """Enqueue one by one, each in a transaction of its own."""
    send_at_random(lambda sent: jobs.stamped.enqueue(sent=sent), per_second, total)
