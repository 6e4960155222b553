"""oban for Python."""

from __future__ import annotations

import asyncio
import os
import time

import uvloop
from oban import Oban, job
from oban.schema import install
from psycopg_pool import AsyncConnectionPool

from benchmarks import tally
from benchmarks.inside import ARGUMENTS, moments


@job()
async def noop(number: int, text: str) -> None:
    """Do nothing."""
    tally.count(1)


@job()
async def stamped(sent: float) -> None:
    """Write down how long the way here took."""
    tally.mark(sent)


def _pool() -> AsyncConnectionPool:
    return AsyncConnectionPool(os.environ["BENCH_DATABASE"], min_size=1, max_size=10, open=False)


async def prepare() -> None:
    """Make the tables."""
    async with _pool() as pool:
        await install(pool)


async def fill(total: int, kind: str = "noop") -> float:
    """Enqueue a thousand with each call of its bulk interface."""
    async with _pool() as pool:
        client = Oban(pool=pool)
        began = time.perf_counter()
        for done in range(0, total, 1000):
            await client.enqueue_many(noop.new(**ARGUMENTS) for _ in range(min(1000, total - done)))
        return time.perf_counter() - began


async def send(per_second: float, total: int) -> None:
    """Enqueue one by one, each in a transaction of its own."""
    async with _pool() as pool:
        client = Oban(pool=pool)
        for wait in moments(per_second, total):
            await asyncio.sleep(wait)
            await client.enqueue(stamped.new(sent=time.monotonic()))


def work() -> None:
    """Run a worker until it is ended."""
    uvloop.run(_work())


async def _work() -> None:
    async with _pool() as pool, Oban(pool=pool, queues={"default": 100}):
        await asyncio.Event().wait()
