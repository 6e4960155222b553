"""What a claim costs, by what else is in the table."""

from __future__ import annotations

from statistics import median

from benchmarks.book import Book
from benchmarks.catalogue import Contestant, ours
from benchmarks.plan import Plan
from benchmarks.stage import Stage

EMPTY = (0, 0, 9_000)
"""Nothing done, nothing for later, and what the claims need: in three queues."""
LIMITS = (1, 100)
TIMES = 12
TURNS = 5
"""How often each table has its turn: what the disk does meanwhile differs from second to second."""


def claim(plan: Plan, book: Book) -> None:
    """Claim from a table with a million finished and a million scheduled jobs, and from one with neither."""
    full = (100_000, 100_000, 30_000) if plan.quick else (1_000_000, 1_000_000, 300_000)

    def action(contestant: Contestant, _: str) -> None:
        stages = {
            label: Stage(contestant, plan.databases[contestant.vendor], f"_{label}") for label in ("empty", "full")
        }
        stages["empty"].call("benchmarks.claims:fill", *EMPTY)
        stages["full"].call("benchmarks.claims:fill", *full, within=1_800)
        for limit in LIMITS:
            took: dict[str, list[float]] = {label: [] for label in stages}
            for label in list(stages) * TURNS:
                took[label] += stages[label].call("benchmarks.claims:claims", TIMES, limit)
            for label, found in took.items():
                book.add(f"claim/{contestant.vendor}/{label} by {limit}", median(found), "ms")

    plan.measure([ours(vendor) for vendor in ("postgresql", "sqlite", "mysql")], book, "claim", action)
