"""A process that enqueues jobs of all kinds, and notes which of them were committed and which rolled back."""

import random
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import django
from django.db import DatabaseError, InterfaceError, connection, connections, transaction

from .journal import note

ROLLED_BACK = 0.15
"""The share of transactions that change their mind."""


AIMED = 0.015
"""The share of jobs that take their worker with them."""
LONG = {"sqlite": 0.3}
"""Seconds that a transaction is held open: on SQLite all others who write wait for it, heartbeats too."""


class ChangedMindError(Exception):
    """Rolls a transaction back."""


def drafts(rng: random.Random) -> Callable[[], Any]:
    """Return a call that enqueues a job of a kind that chance chooses."""
    from tests.chaos import jobs

    later: dict[str, Any] = {"delay": rng.uniform(0, 3)} if rng.random() < 0.2 else {}
    priority = rng.choice(["low", "normal", "high"])
    kinds: list[tuple[Any, tuple[Any, ...]]] = [
        (jobs.short, ()),
        (jobs.short, ()),
        (jobs.short, ()),
        (jobs.slow, (rng.uniform(0.5, 3),)),
        (jobs.slow, (rng.uniform(0.5, 3),)),
        (jobs.atomic, (rng.uniform(0, 0.3),)),
        (jobs.atomic, (rng.uniform(0, LONG.get(connection.vendor, 2)),)),
        (jobs.atomic_parent, ()),
        (jobs.atomic_process, (rng.uniform(0, 0.5),)),
        (jobs.completing, ()),
        (jobs.heavy, (rng.uniform(0, 1),)),
        (jobs.flaky, (rng.randint(1, 3),)),
        (jobs.doomed, ()),
        (jobs.waiting, (rng.uniform(0, 3),)),
        (jobs.parent, ()),
    ]
    handler, arguments = rng.choice(kinds) if rng.random() > AIMED else (jobs.atomic_aimed, ())
    queue_name = rng.choice(["default", "other"])
    return lambda: handler.using(priority=priority, queue_name=queue_name, **later).enqueue(*arguments)


def enqueue_some(rng: random.Random) -> None:
    """Enqueue one to four jobs in one transaction, or none."""
    ids: list[str] = []
    try:
        with transaction.atomic():
            for _ in range(rng.randint(1, 4)):
                ids.append(str(drafts(rng)().pk))
                note("intended", job=ids[-1])
            if rng.random() < ROLLED_BACK:
                raise ChangedMindError
    except ChangedMindError:
        outcome = "rolled back"
    except (DatabaseError, InterfaceError):
        # nobody can know whether the commit arrived: the intention is all that is on record
        connections.close_all()
        return
    else:
        outcome = "enqueued"
    for pk in ids:
        note(outcome, job=pk)


def main(seed: int, per_second: float) -> None:
    """Enqueue until SIGTERM."""
    django.setup()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    rng = random.Random(seed)
    while not stopped.wait(rng.expovariate(per_second)):
        enqueue_some(rng)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
