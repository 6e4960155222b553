"""What grows, at a steady rate for long."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from benchmarks.book import Book, percentile
from benchmarks.catalogue import Contestant, ours
from benchmarks.plan import Plan
from benchmarks.scenarios.idling import MEGABYTE, family
from benchmarks.scenarios.picking import WARMING, warm
from benchmarks.stage import Stage

DEAD = "SELECT coalesce(n_dead_tup, 0) FROM pg_stat_user_tables WHERE relname = 'django_jobs_job'"
SIZE = "SELECT pg_total_relation_size('django_jobs_job')"
SAMPLES = 60
"""In how many parts the time is divided."""


def soak(plan: Plan, book: Book) -> None:
    """Send jobs at a steady rate to two processes; note latency, memory, dead tuples and the table's size."""
    minutes = 0.5 if plan.quick else plan.soak_minutes

    def action(contestant: Contestant, name: str) -> None:
        stage = Stage(contestant, plan.databases["postgresql"])
        total = int(plan.soak_rate * minutes * 60)
        sender = threading.Thread(target=stage.call, args=["send", plan.soak_rate, total], kwargs={"within": 36_000})
        with stage.workers(2) as pids:
            warm(stage)
            sender.start()
            book.series[name] = _watch(stage, pids, sender, minutes * 60 / SAMPLES)
        for part in ("p99", "pss"):
            for place, label in ((len(book.series[name]) // 10, "early"), (-1, "late")):
                book.add(f"{name}/{part} {label}", book.series[name][place][part], "ms" if part == "p99" else "MB")

    replace(plan, rounds=1).measure([ours("postgresql")], book, "soak", action)


def _watch(stage: Stage, pids: list[int], sender: threading.Thread, every: float) -> list[dict[str, float]]:
    began, seen = time.monotonic(), WARMING
    samples = []
    while sender.is_alive():
        sender.join(every)
        marks = stage.marks()
        took = [1000 * (begun - sent) for sent, begun in marks[seen:]]
        seen = len(marks)
        if took:
            samples.append({
                "seconds": round(time.monotonic() - began, 1),
                "jobs": seen,
                "median": round(percentile(took, 0.5), 2),
                "p99": round(percentile(took, 0.99), 2),
                "pss": round(sum(one.memory_full_info().pss for one in family(pids)) / MEGABYTE, 1),
                "dead": float(stage.database.query(DEAD) or 0),
                "size": round(float(stage.database.query(SIZE)) / MEGABYTE, 1),
            })  # fmt: skip
    return samples
