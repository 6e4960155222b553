"""How each queue is doing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from ..models import Job, Queue, Stat, Worker
from ..querysets import jobs_database
from ..registry import handlers
from ..settings import job_settings
from ..store import get_store
from ..store.lanes import waiting
from . import COUNT_LIMIT, QUEUES

HOUR = timedelta(hours=1)
KINDS = ("completed", "retried", "failed", "cancelled")
RATED = 5
"""The whole minutes of which a rate is the mean."""
READ = 1000
"""So many of the running jobs, and of the next scheduled ones, are looked at for their queues."""


@dataclass(frozen=True)
class QueueStats:
    """A queue now."""

    name: str
    depth: int
    """Its pending jobs, counted up to `COUNT_LIMIT`."""
    running: int
    """Its jobs among the first 1,000 running ones."""
    latency: timedelta | None
    """For how long its oldest pending job has been due; None without one."""
    per_minute: float | None
    """Attempts that ended per minute, over the last five whole minutes; None without statistics."""
    paused_at: datetime | None


def minute_stats(since: datetime) -> list[dict[str, Any]]:
    """Return what workers did since a moment: how many attempts ended how, by `minute` and `queue_name`."""
    rows = Stat.objects.filter(minute__gte=since.replace(second=0, microsecond=0))
    summed = rows.order_by().values("minute", "queue_name").annotate(**{kind: Sum(kind) for kind in KINDS})
    return [dict(row) for row in summed]


def queue_stats(now: datetime | None = None, past: list[dict[str, Any]] | None = None) -> list[QueueStats]:
    """Ask how each queue is doing: those with jobs, workers, handlers, a row, or something done in the last hour.

    Who has them already gives the database's time and the `minute_stats` of the last hour.
    """
    store = get_store(jobs_database())
    now = now or store.now()
    past = minute_stats(now - HOUR) if past is None else past
    paused = dict(Queue.objects.values_list("name", "paused_at"))
    lanes = waiting(store, store.pending_queues()[:QUEUES], COUNT_LIMIT)
    running = Counter(Job.objects.running().order_by("worker_id", "id").values_list("queue_name", flat=True)[:READ])
    names = sorted({*paused, *lanes, *running, *_named(now), *(row["queue_name"] for row in past)})[:QUEUES]
    rates = _rates(past, now)
    return [
        QueueStats(
            name, lanes[name][0] if name in lanes else 0, running[name],
            max(now - lanes[name][1], timedelta()) if name in lanes else None,
            rates[name] / RATED if job_settings().STATS else None, paused.get(name),
        )
        for name in names
    ]  # fmt: skip


def _named(now: datetime) -> set[str]:
    """Return the queues that handlers, living workers and the next scheduled jobs name."""
    served = Worker.objects.alive(now).values_list("queue_names", flat=True)[:READ]
    scheduled = Job.objects.scheduled().order_by("run_after", "id").values_list("queue_name", flat=True)[:READ]
    known = {handler.options.queue_name for handler in handlers}
    return {*known, *scheduled, *(str(name) for names in served for name in names)}


def _rates(past: list[dict[str, Any]], now: datetime) -> Counter[str]:
    """Count what ended in the last whole minutes, by queue."""
    ended: Counter[str] = Counter()
    this = now.replace(second=0, microsecond=0)
    for row in past:
        if this - timedelta(minutes=RATED) <= row["minute"] < this:
            ended[row["queue_name"]] += sum(row[kind] for kind in KINDS)
    return ended
