"""The overview: what stands above the list of models on the admin's page of this app, and follows what happens."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from django.db.models.functions import Left
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from ..models import Job, Worker
from ..monitoring import COUNT_LIMIT, counted
from ..monitoring.queues import HOUR, QueueStats, minute_stats, queue_stats
from ..querysets import jobs_database
from ..settings import job_settings
from ..states import JobStatus
from ..store import get_store
from . import marks
from .workers import load, look_after, runs, state

UPCOMING = FAILURES = 10
WORKERS = 100
FASTEST, SLOWEST = 2, 600
"""Seconds between two looks of an open page."""
SHARE = 100
"""Between two looks lie so many times what one took: an open page costs the database less than 1 % of a core."""

MINUTES = 60
KINDS = {"completed": _("completed"), "retried": _("retried"), "failed": _("failed")}

READ = 1000
LINE = 200
"""So many of the newest failed jobs are read, and so much of their errors."""

# Ids, addresses and numbers, which differ where the error is the same.
_CHANGING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|0x[0-9a-f]+|\b[0-9a-f]{16,}\b|\d+(?:[.:]\d+)*", re.IGNORECASE
)

QueueRow = tuple[QueueStats, str, str, str]


def capped(count: int) -> str:
    """Return a count as people read it."""
    return marks.number(count) if count < COUNT_LIMIT else f"{COUNT_LIMIT // 1000}k+"


def queue_rows(now: datetime, past: list[dict[str, Any]] | None = None) -> list[QueueRow]:
    """Return each queue with its depth, its latency and how long it has been paused, as people read them."""
    return [
        (
            queue,
            capped(queue.depth),
            marks.NOTHING if queue.latency is None else marks.span(queue.latency, parts=1),
            marks.span(max(now - queue.paused_at, timedelta()), parts=1) if queue.paused_at else "",
        )
        for queue in queue_stats(now, past)
    ]


def look(site_name: str) -> dict[str, Any]:
    """Return how the jobs are doing, and how many seconds an open page waits before it looks again."""
    began = time.perf_counter()
    now = get_store(jobs_database()).now()
    past = minute_stats(now - HOUR)
    workers = list(Worker.objects.alive(now).order_by("name")[:WORKERS])
    look_after(workers, Job.objects.all(), site_name, now)
    upcoming = Job.objects.scheduled().order_by("run_after", "id").only("id", "name", "queue_name", "run_after")
    found = {
        "counts": [(status, capped(counted(Job.objects.filter(status=status)))) for status in JobStatus],
        "has_stats": job_settings().STATS,
        "chart": chart(past, now),
        "queues": queue_rows(now, past),
        "workers": [(worker, state(worker), runs(worker), load(worker)) for worker in workers],
        "failures": [
            (failure, marks.age(min(failure.moments), now), marks.age(max(failure.moments), now))
            for failure in newest_failures()[:FAILURES]
        ],
        "is_stuck": not workers and Job.objects.pending().exists(),
        "upcoming": [(job, marks.age(job.run_after, now)) for job in upcoming[:UPCOMING]],
    }
    return found | {"interval": interval(time.perf_counter() - began)}


def interval(seconds: float) -> int:
    """Return how many seconds an open page waits after a look that took so many."""
    return round(min(max(FASTEST, SHARE * seconds), SLOWEST))


def chart(past: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """Return the bars of the hour that ends now, the highest of them, and the sums of each kind."""
    counts: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    for row in past:
        counts[row["minute"]].update({kind: row[kind] for kind in KINDS})
    this = now.replace(second=0, microsecond=0)
    minutes = [this - timedelta(minutes=ago) for ago in reversed(range(MINUTES))]
    top = max(counts[minute].total() for minute in minutes)
    return {
        "first": minutes[0],
        "top": top,
        "sums": [(kind, label, sum(counts[minute][kind] for minute in minutes)) for kind, label in KINDS.items()],
        "bars": [_bar(place, minute, counts[minute], top) for place, minute in enumerate(minutes) if counts[minute]],
    }


def _bar(place: int, minute: datetime, counts: Counter[str], top: int) -> dict[str, Any]:
    """Return a minute's bar: its parts stand on each other, each with its upper edge, counted from the top."""
    numbers = [counts[kind] for kind in KINDS]
    told = ", ".join(f"{marks.number(number)} {KINDS[kind]}" for kind, number in counts.items() if number)
    edges = [top - height for height in accumulate(numbers)]
    return {
        "x": place,
        "minute": minute,
        "numbers": numbers,
        "told": told,
        "parts": zip(KINDS, edges, numbers, strict=True),
    }


class Failure(NamedTuple):
    """Failed jobs of one handler whose errors begin alike, and when they failed."""

    name: str
    error: str
    moments: list[datetime]

    @property
    def search(self) -> str:
        """What the job list has to be asked for to show them: the longest text that they share."""
        shared = max(self.error.split("…"), key=len).strip().replace("\\", "\\\\").replace('"', '\\"')
        return urlencode({"status": "failed", "handler": self.name} | ({"q": f'"{shared}"'} if shared else {}))


def newest_failures() -> list[Failure]:
    """Return what failed among the newest failed jobs, the most frequent first."""
    jobs = Job.objects.newest_of(JobStatus.FAILED).annotate(beginning=Left("error", LINE))
    return grouped(jobs.values_list("name", "beginning", "finished_at")[:READ])


def grouped(rows: Iterable[tuple[str, str, datetime | None]]) -> list[Failure]:
    """Put together what failed alike: handler, error, and when."""
    groups: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for name, error, moment in rows:
        if moment is not None:
            groups[name, _CHANGING.sub("…", error.partition("\n")[0].strip())].append(moment)
    found = [Failure(*kind, moments) for kind, moments in groups.items()]
    return sorted(found, key=lambda failure: len(failure.moments), reverse=True)
