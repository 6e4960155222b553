"""dramatiq with Redis."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, Callbacks, Pipelines, Retries, ShutdownNotifications, TimeLimit

from benchmarks import tally
from benchmarks.inside import ARGUMENTS, send_at_random, timed

broker = RedisBroker(
    url=os.environ["BENCH_DATABASE"],
    middleware=[AgeLimit(), TimeLimit(), ShutdownNotifications(), Callbacks(), Pipelines(), Retries()],
)
dramatiq.set_broker(broker)


@dramatiq.actor
def noop(number: int, text: str) -> None:
    """Do nothing."""
    tally.count(1)


@dramatiq.actor
def stamped(sent: float) -> None:
    """Write down how long the way here took."""
    tally.mark(sent)


def prepare() -> None:
    """Make nothing: Redis needs no tables."""


def fill(total: int, kind: str = "noop") -> float:
    """Enqueue one by one: there is no bulk call."""

    def enqueue() -> None:
        for _ in range(total):
            noop.send(**ARGUMENTS)

    return timed(enqueue)


def send(per_second: float, total: int) -> None:
    """Enqueue one by one."""
    send_at_random(stamped.send, per_second, total)
