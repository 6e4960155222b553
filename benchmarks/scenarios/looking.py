"""How soon the admin's pages answer over very many jobs."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.book import Book
from benchmarks.catalogue import Contestant, ours
from benchmarks.plan import Plan
from benchmarks.stage import Stage

SITE = {"DJANGO_SETTINGS_MODULE": "benchmarks.console"}
MILLIONS = {"postgresql": 5, "sqlite": 1}


def look(plan: Plan, book: Book) -> None:
    """Ask for each page of the admin, with millions of jobs in the table, most of them finished."""

    def action(contestant: Contestant, name: str) -> None:
        total = plan.size(100_000, MILLIONS[contestant.vendor] * 1_000_000)
        stage = Stage(contestant, plan.databases[contestant.vendor], "console")
        stage.call("benchmarks.claims:fill", total * 8 // 10, total // 10, total // 10, within=1_800)
        for page, milliseconds in stage.call("benchmarks.pages:answers").items():
            book.add(f"{name}/{page}", milliseconds, "ms")

    sites = [ours(vendor, name="console", env=SITE) for vendor in MILLIONS]
    replace(plan.seldom, rounds=1).measure(sites, book, "look", action)
