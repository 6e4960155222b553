"""How the drain changes with the number of processes, and of jobs that wait."""

from __future__ import annotations

from benchmarks.book import Book
from benchmarks.catalogue import Contestant, ours
from benchmarks.plan import Plan
from benchmarks.race import watch
from benchmarks.stage import Stage

PROCESSES = (1, 2, 4, 8)
WAITING = (1_000, 10_000, 100_000, 1_000_000)


def processes(plan: Plan, book: Book) -> None:
    """Drain with 1, 2, 4 and 8 worker processes."""

    def action(contestant: Contestant, _: str) -> None:
        for number in PROCESSES:
            total = plan.jobs(contestant, number)
            book.add(f"processes/{contestant.vendor}/{number}", _drain(plan, contestant, total, number), "jobs/s")

    plan.measure([ours(vendor) for vendor in ("postgresql", "sqlite", "mysql")], book, "processes", action)


def waiting(plan: Plan, book: Book) -> None:
    """Drain with a thousand to a million jobs waiting, for some seconds or to the last."""
    sizes = WAITING[:3] if plan.quick else WAITING

    def action(contestant: Contestant, _: str) -> None:
        for total in sizes:
            processes = 1 if contestant.vendor == "sqlite" else 2
            book.add(f"waiting/{contestant.vendor}/{total}", _drain(plan, contestant, total, processes), "jobs/s")

    plan.measure([ours(vendor) for vendor in ("postgresql", "sqlite")], book, "waiting", action)


def _drain(plan: Plan, contestant: Contestant, total: int, processes: int) -> float:
    stage = Stage(contestant, plan.databases[contestant.vendor])
    stage.call("benchmarks.claims:wait", total, within=1_800)
    stage.settle()
    with stage.workers(processes):
        return watch(stage, total, processes, at_most=plan.drain_seconds * 2).rate
