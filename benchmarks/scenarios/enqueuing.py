"""Enqueueing, beside the barest way to write the same rows."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.book import Book
from benchmarks.catalogue import Contestant, ours
from benchmarks.plan import Plan
from benchmarks.stage import Stage

WEB_THREADS = 16
VENDORS = ("postgresql", "sqlite", "mysql")


def single(plan: Plan, book: Book) -> None:
    """Enqueue one by one, in autocommit, in turns with `Model.objects.create` of the same row."""
    _compare(plan, book, "single", lambda stage: stage.call("benchmarks.inserts:one_by_one", plan.size(500, 4_000)))


def bulk(plan: Plan, book: Book) -> None:
    """Enqueue many in one call, beside `bulk_create`, and PostgreSQL's quicker ways."""
    _compare(plan, book, "bulk", lambda stage: stage.call("benchmarks.inserts:many", plan.size(5_000, 50_000)))


def _compare(plan: Plan, book: Book, scenario: str, measure: Callable[[Stage], dict[str, float]]) -> None:
    def action(contestant: Contestant, _: str) -> None:
        stage = Stage(contestant, plan.databases[contestant.vendor])
        for way, rate in measure(stage).items():
            book.add(f"{scenario}/{contestant.vendor}/{way}", rate, "rows/s")

    plan.measure([ours(vendor) for vendor in VENDORS], book, scenario, action)


def web(plan: Plan, book: Book) -> None:
    """Enqueue from 16 threads while two workers drain; beside the same inserts with nobody there to be told."""
    seconds = plan.size(3, 15)

    def flood(stage: Stage, way: str) -> float:
        return float(stage.call("benchmarks.inserts:flood", WEB_THREADS, seconds, way))

    def action(contestant: Contestant, _: str) -> None:
        stage = Stage(contestant, plan.databases["postgresql"])
        with stage.workers(2):
            stage.call("fill", 10)
            stage.wait(lambda: sum(stage.counted()) == 10, 60, "the workers at work")
            book.add("web/postgresql/enqueue", flood(stage, "enqueue"), "rows/s")
        stage = Stage(contestant, plan.databases["postgresql"])
        book.add("web/postgresql/create", flood(stage, "create"), "rows/s")

    plan.measure([ours("postgresql")], book, "web", action)
