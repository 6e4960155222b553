"""From enqueueing to the handler's first line: milliseconds."""

from __future__ import annotations

import time

from benchmarks.book import Book, percentile
from benchmarks.catalogue import Contestant, ours
from benchmarks.plan import Plan
from benchmarks.stage import Stage

SETTLES = 3.0
"""Seconds that a worker gets to become idle."""
WARMING = 3
PER_SECOND_WHEN_IDLE = 10


def latency(plan: Plan, book: Book) -> None:
    """Send single jobs at random moments to an idle worker."""

    def action(contestant: Contestant, name: str) -> None:
        pick_up(plan, book, contestant, name, PER_SECOND_WHEN_IDLE, plan.size(40, 200))

    plan.measure([*_ours(), *plan.peers], book, "latency", action)


def load(plan: Plan, book: Book) -> None:
    """Send 200 jobs a second, at random moments, to one worker; those of the first second find it idle."""

    def action(contestant: Contestant, name: str) -> None:
        pick_up(plan, book, contestant, name, 200, plan.size(1_000, 4_000), unmeasured=200)

    plan.measure(_ours(), book, "load", action)


def _ours() -> list[Contestant]:
    return [ours(vendor) for vendor in ("postgresql", "sqlite", "mysql")]


def warm(stage: Stage) -> None:
    """Send the first jobs, and wait until workers that have just been started picked them up."""
    stage.call("send", 5, WARMING)
    stage.wait_for_marks(WARMING)


def pick_up(
    plan: Plan, book: Book, contestant: Contestant, name: str, per_second: float, total: int, unmeasured: int = 0
) -> None:
    """Measure one worker process, once it has had its first jobs and fallen idle; leave out the first that follow."""
    stage = Stage(contestant, plan.databases[contestant.vendor])
    with stage.workers(1):
        warm(stage)
        time.sleep(SETTLES)
        stage.call("send", per_second, total, within=total / per_second * 5 + 60)
        stage.wait_for_marks(WARMING + total)
    took = [1000 * (began - sent) for sent, began in stage.marks()[WARMING + unmeasured :]]
    book.add(f"{name}/median", percentile(took, 0.5), "ms")
    book.add(f"{name}/p99", percentile(took, 0.99), "ms")
