"""What a worker costs that has nothing to do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from benchmarks.book import Book
from benchmarks.catalogue import Contestant, ours
from benchmarks.plan import Plan
from benchmarks.stage import Stage
from benchmarks.wire import Wire

MEGABYTE = 1024 * 1024
WARMING = 300
SETTLES = 6.0


def idle(plan: Plan, book: Book) -> None:
    """Watch one worker process that has run some jobs and has no more: processor time, and queries on PostgreSQL."""
    seconds = plan.size(6, 20)

    def action(contestant: Contestant, name: str) -> None:
        stage = Stage(contestant, plan.databases[contestant.vendor])
        with _relay(stage) as wire, _settled(stage, 1, url=wire.url if wire else None) as pids:
            before, asked = _cpu(pids), wire.statements if wire else 0
            time.sleep(seconds)
            book.add(f"{name}/cpu", 100 * (_cpu(pids) - before) / seconds, "% of a core")
            if wire:
                book.add(f"{name}/queries", (wire.statements - asked) / seconds, "queries/s")

    plan.seldom.measure(_contestants(plan), book, "idle", action)


def memory(plan: Plan, book: Book) -> None:
    """Weigh two worker processes, with what supervises them, after some jobs: proportional and resident set size."""

    def action(contestant: Contestant, name: str) -> None:
        stage = Stage(contestant, plan.databases[contestant.vendor])
        with _settled(stage, 2) as pids:
            weights = [process.memory_full_info() for process in family(pids)]
        book.add(f"{name}/pss", sum(weight.pss for weight in weights) / MEGABYTE, "MB")
        book.add(f"{name}/rss", sum(weight.rss for weight in weights) / MEGABYTE, "MB")

    plan.seldom.measure(_contestants(plan), book, "memory", action)


def _contestants(plan: Plan) -> list[Contestant]:
    """Return django_jobs on all databases, and the peers where there is time to wait for each to settle."""
    return [ours(vendor) for vendor in ("postgresql", "sqlite", "mysql")] + ([] if plan.quick else list(plan.peers))


@contextmanager
def _relay(stage: Stage) -> Iterator[Wire | None]:
    if stage.contestant.vendor != "postgresql":
        yield None
        return
    with Wire(stage.url) as wire:
        yield wire


@contextmanager
def _settled(stage: Stage, processes: int, url: str | None = None) -> Iterator[list[int]]:
    """Keep workers that have run some jobs and have none left."""
    stage.call("fill", WARMING)
    with stage.workers(processes, url=url) as pids:
        stage.wait(lambda: sum(stage.counted()) >= WARMING, 60, "the first jobs done")
        time.sleep(SETTLES)
        yield pids


def family(pids: Sequence[int]) -> list[Any]:
    """Return these processes and all their children."""
    psutil = import_module("psutil")
    heads = [psutil.Process(pid) for pid in pids]
    return heads + [child for head in heads for child in head.children(recursive=True)]


def _cpu(pids: Sequence[int]) -> float:
    times = [process.cpu_times() for process in family(pids)]
    return float(sum(spent.user + spent.system for spent in times))
