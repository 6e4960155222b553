"""procrastinate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from benchmarks import tally
from benchmarks.inside import ARGUMENTS, send_at_random, timed

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_DATABASE"], max_size=10))


@app.task(name="noop")
async def noop(number: int, text: str) -> None:
    """Do nothing."""
    tally.count(1)


@app.task(name="stamped")
async def stamped(sent: float) -> None:
    """Write down how long the way here took."""
    tally.mark(sent)


@contextmanager
def _client() -> Iterator[None]:
    with app.replace_connector(SyncPsycopgConnector(conninfo=os.environ["BENCH_DATABASE"])), app.open():
        yield


def prepare() -> None:
    """Make the tables."""
    with _client():
        app.schema_manager.apply_schema()


def fill(total: int, kind: str = "noop") -> float:
    """Enqueue a thousand with each call of its bulk interface."""

    def enqueue() -> None:
        for done in range(0, total, 1000):
            noop.batch_defer(*[ARGUMENTS] * min(1000, total - done))

    with _client():
        return timed(enqueue)


def send(per_second: float, total: int) -> None:
    """Enqueue one by one, each in a transaction of its own."""
    with _client():
        send_at_random(lambda sent: stamped.defer(sent=sent), per_second, total)
