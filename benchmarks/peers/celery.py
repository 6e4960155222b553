"""Celery with Redis."""

from __future__ import annotations

import os

from celery import Celery

from benchmarks import tally
from benchmarks.inside import ARGUMENTS, send_at_random, timed

app = Celery("bench", broker=os.environ["BENCH_DATABASE"])
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=64,
    broker_connection_retry_on_startup=True,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
)


@app.task
def noop(number: int, text: str) -> None:
    """Do nothing."""
    tally.count(1)


@app.task
def stamped(sent: float) -> None:
    """Write down how long the way here took."""
    tally.mark(sent)


def prepare() -> None:
    """Make nothing: Redis needs no tables."""


def fill(total: int, kind: str = "noop") -> float:
    """Enqueue one by one on one connection: there is no bulk call."""

    def enqueue() -> None:
        with app.producer_or_acquire() as producer:
            for _ in range(total):
                noop.apply_async(kwargs=ARGUMENTS, producer=producer)

    return timed(enqueue)


def send(per_second: float, total: int) -> None:
    """Enqueue one by one."""
    send_at_random(stamped.delay, per_second, total)
