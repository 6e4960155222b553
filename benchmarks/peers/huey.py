"""huey, with Redis or with a file of SQLite."""

from __future__ import annotations

import os
from typing import Any

from huey import RedisHuey, SqliteHuey

from benchmarks import tally
from benchmarks.inside import ARGUMENTS, send_at_random, timed


def _huey() -> Any:
    url = os.environ["BENCH_DATABASE"]
    if url.startswith("redis"):
        return RedisHuey("bench", url=url, results=False)
    return SqliteHuey("bench", filename=url.removeprefix("sqlite:///"), results=False, fsync=False)


huey = _huey()


@huey.task()
def noop(number: int, text: str) -> None:
    """Do nothing."""
    tally.count(1)


@huey.task()
def stamped(sent: float) -> None:
    """Write down how long the way here took."""
    tally.mark(sent)


def prepare() -> None:
    """Make nothing: the tables are made when huey is."""


def fill(total: int, kind: str = "noop") -> float:
    """Enqueue one by one: there is no bulk call."""

    def enqueue() -> None:
        for _ in range(total):
            noop(**ARGUMENTS)

    return timed(enqueue)


def send(per_second: float, total: int) -> None:
    """Enqueue one by one."""
    send_at_random(stamped, per_second, total)
