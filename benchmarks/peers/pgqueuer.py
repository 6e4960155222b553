"""pgqueuer with asyncpg and uvloop."""

from __future__ import annotations

import asyncio
import json
import os
import time

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from benchmarks import tally
from benchmarks.inside import ARGUMENTS, moments

PAYLOAD = json.dumps(ARGUMENTS).encode()
BATCH = 500


async def _driver() -> AsyncpgDriver:
    return AsyncpgDriver(await asyncpg.connect(os.environ["BENCH_DATABASE"]))


async def prepare() -> None:
    """Make the tables."""
    await Queries(await _driver()).install()


async def fill(total: int, kind: str = "noop") -> float:
    """Enqueue a thousand with each call of its bulk interface."""
    queries = Queries(await _driver())
    began = time.perf_counter()
    for done in range(0, total, 1000):
        size = min(1000, total - done)
        await queries.enqueue(["noop"] * size, [PAYLOAD] * size, [0] * size)
    return time.perf_counter() - began


async def send(per_second: float, total: int) -> None:
    """Enqueue one by one, each in a transaction of its own."""
    queries = Queries(await _driver())
    for wait in moments(per_second, total):
        await asyncio.sleep(wait)
        await queries.enqueue("stamped", json.dumps(time.monotonic()).encode())


def work() -> None:
    """Run a worker until it is ended."""
    uvloop.run(_work())


async def _work() -> None:
    queuer = PgQueuer(await _driver())

    @queuer.entrypoint("noop")
    async def noop(job: Job) -> None:
        json.loads(job.payload or b"")
        tally.count(1)

    @queuer.entrypoint("stamped")
    async def stamped(job: Job) -> None:
        tally.mark(json.loads(job.payload or b""))

    await queuer.run(batch_size=BATCH)
