"""django-q2 with its ORM broker."""

from __future__ import annotations

import django
from django.core.management import call_command
from django.db import transaction

django.setup()

from django_q.tasks import async_task

from benchmarks import tally
from benchmarks.inside import ARGUMENTS, send_at_random, timed


def noop(number: int, text: str) -> None:
    """Do nothing."""
    tally.count(1)


def stamped(sent: float) -> None:
    """Write down how long the way here took."""
    tally.mark(sent)


def prepare() -> None:
    """Make the tables."""
    call_command("migrate", verbosity=0)


def fill(total: int, kind: str = "noop") -> float:
    """Enqueue one by one in one transaction: there is no bulk call."""

    def enqueue() -> None:
        with transaction.atomic():
            for _ in range(total):
                async_task("benchmarks.peers.django_q2.noop", **ARGUMENTS)

    return timed(enqueue)


def send(per_second: float, total: int) -> None:
    """Enqueue one by one, each in a transaction of its own."""
    send_at_random(lambda sent: async_task("benchmarks.peers.django_q2.stamped", sent), per_second, total)
