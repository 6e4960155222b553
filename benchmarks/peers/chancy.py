"""chancy with its executor for coroutines."""

from __future__ import annotations

import logging
import os
import time

import uvloop
from chancy import Chancy, Queue, Worker, job

from benchmarks import tally
from benchmarks.inside import ARGUMENTS, send_at_random

EXECUTOR = "chancy.executors.asyncex.AsyncExecutor"
QUEUE = Queue("default", concurrency=500, executor=EXECUTOR, polling_interval=1, eager_polling=True)


@job()
async def noop(number: int, text: str) -> None:
    """Do nothing."""
    tally.count(1)


@job()
async def stamped(sent: float) -> None:
    """Write down how long the way here took."""
    tally.mark(sent)


def _chancy() -> Chancy:
    return Chancy(os.environ["BENCH_DATABASE"], log=logging.getLogger("chancy"))


async def prepare() -> None:
    """Make the tables and the queue."""
    async with _chancy() as chancy:
        await chancy.migrate()
        await chancy.declare(QUEUE)


def fill(total: int, kind: str = "noop") -> float:
    """Enqueue in one call of its bulk interface."""
    calls = [noop.job.with_kwargs(**ARGUMENTS) for _ in range(total)]
    with _chancy() as chancy:
        began = time.perf_counter()
        for _ in chancy.sync_push_many(calls):
            pass
        return time.perf_counter() - began


def send(per_second: float, total: int) -> None:
    """Enqueue one by one, each in a transaction of its own."""
    with _chancy() as chancy:
        send_at_random(lambda sent: chancy.sync_push(stamped.job.with_kwargs(sent=sent)), per_second, total)


def work() -> None:
    """Run a worker until it is ended."""
    uvloop.run(_work())


async def _work() -> None:
    async with _chancy() as chancy, Worker(chancy) as worker:
        await worker.wait_for_shutdown()
