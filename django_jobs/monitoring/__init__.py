"""How the jobs of this site are doing: a verdict with reasons, counts, and what the handlers took.

Every question here stays cheap on a table of millions of rows: counts stop at `COUNT_LIMIT`, and what has finished
is read from the workers' per-minute statistics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..durations import as_duration
from ..ids import first_uuid7_of
from ..models import Job, Queue, Stat, Worker
from ..querysets import JobQuerySet, jobs_database
from ..registry import handlers
from ..settings import job_settings
from ..states import FINISHED, UNFINISHED, JobStatus
from ..store import get_store
from ..store.lanes import waiting

COUNT_LIMIT = 10_001
"""Where counting stops: one more than the largest number that is exact."""

QUEUES = 500
"""So many queues are looked at: SQLite takes no more in one statement."""

SUMS = ("completed", "failed", "retried", "cancelled", "run_seconds", "wait_seconds")

DAY = timedelta(days=1)
MAX_LATENCY = timedelta(minutes=5)

HEALTHY, DEGRADED, UNHEALTHY = "healthy", "degraded", "unhealthy"
SEVERITY = {HEALTHY: 0, DEGRADED: 1, UNHEALTHY: 2}


@dataclass(frozen=True)
class WorkerCounts:
    """Living workers: those that run a job, and those that wait for one."""

    total: int
    active: int

    @property
    def idle(self) -> int:
        """Workers that run nothing now."""
        return self.total - self.active


@dataclass(frozen=True)
class HandlerStats:
    """What workers did for one handler. Times are sums over its attempts."""

    name: str
    completed: int = 0
    failed: int = 0
    retried: int = 0
    cancelled: int = 0
    run_seconds: float = 0.0
    wait_seconds: float = 0.0

    @property
    def processed(self) -> int:
        """Jobs that came to an end."""
        return self.completed + self.failed + self.cancelled

    @property
    def attempts(self) -> int:
        """Attempts that ended, the repeated ones too."""
        return self.processed + self.retried

    @property
    def average_seconds(self) -> float | None:
        """The mean time of an attempt, None where there was none."""
        return self.run_seconds / self.attempts if self.attempts else None

    @property
    def average_wait_seconds(self) -> float | None:
        """The mean time from being due to being started, None where nothing was."""
        return self.wait_seconds / self.attempts if self.attempts else None

    def as_dict(self) -> dict[str, Any]:
        """Return all of this as JSON values."""
        return asdict(self) | {
            "processed": self.processed,
            "average_seconds": self.average_seconds,
            "average_wait_seconds": self.average_wait_seconds,
        }


@dataclass(frozen=True)
class Health:
    """A verdict on the jobs of this site: `healthy`, `degraded` or `unhealthy`, and the reasons."""

    workers: WorkerCounts
    jobs: dict[str, int]
    """Jobs by status, counted up to `COUNT_LIMIT`; finished ones are those of the last day."""
    oldest_due: timedelta | None
    """For how long the longest waiting due job has been due; None if no job is due."""
    processed: int
    """Jobs that came to an end in the last day."""
    average_seconds: float | None
    """The mean time of an attempt in the last day."""
    handlers: list[str]
    problems: dict[str, str] = field(default_factory=dict)
    """Each reason for a verdict worse than healthy, and how bad it is."""

    @property
    def status(self) -> str:
        """The worst of the problems, `healthy` without any."""
        return max(self.problems.values(), key=SEVERITY.__getitem__, default=HEALTHY)

    @property
    def reasons(self) -> list[str]:
        """The problems as sentences."""
        return list(self.problems)

    def as_dict(self) -> dict[str, Any]:
        """Return all of this as JSON values."""
        return {
            "status": self.status,
            "reasons": self.reasons,
            "workers": asdict(self.workers) | {"idle": self.workers.idle},
            "jobs": self.jobs,
            "count_limit": COUNT_LIMIT,
            "oldest_due_seconds": None if self.oldest_due is None else self.oldest_due.total_seconds(),
            "processed": self.processed,
            "average_seconds": self.average_seconds,
            "handlers": self.handlers,
        }


def health(*, max_latency: float | timedelta | str = MAX_LATENCY, min_workers: int = 1) -> Health:
    """Ask the database how the jobs are doing.

    Unhealthy: jobs are due and no worker lives, or not `min_workers` of them. Degraded: a job has been due for longer
    than `max_latency` (seconds, a timedelta or text such as "5m"), a dead worker's jobs wait to be rescued, or
    nobody works though nothing is due.
    """
    now = get_store(jobs_database()).now()
    totals = _sum_up(processing_stats(now - DAY))
    found = Health(
        workers=_workers(now),
        jobs=_counts(totals, now),
        oldest_due=_oldest_due(now),
        processed=totals.processed,
        average_seconds=totals.average_seconds,
        handlers=[handler.name for handler in handlers],
    )
    orphaned = counted(Job.objects.orphaned(now))
    return replace(found, problems=dict(_problems(found, orphaned, as_duration(max_latency), min_workers)))


def metrics() -> dict[str, int]:
    """Return the number of jobs by status, as in `Health.jobs`."""
    now = get_store(jobs_database()).now()
    return _counts(_sum_up(processing_stats(now - DAY)), now)


def processing_stats(since: datetime | timedelta = DAY) -> list[HandlerStats]:
    """Return what workers did for each handler since a moment, or within a span up to now."""
    moment = get_store(jobs_database()).now() - since if isinstance(since, timedelta) else since
    minutes = Stat.objects.filter(minute__gte=moment.replace(second=0, microsecond=0))
    sums = {f"sum_{column}": Sum(column) for column in SUMS}
    rows = minutes.order_by("name").values("name").annotate(**sums).values_list("name", *sums)
    return [HandlerStats(*row) for row in rows]


def _sum_up(stats: Iterable[HandlerStats]) -> HandlerStats:
    listed = list(stats)
    return HandlerStats("", *(sum(getattr(stat, column) for stat in listed) for column in SUMS))


def _workers(now: datetime) -> WorkerCounts:
    alive = Worker.objects.alive(now)
    running = Job.objects.running().filter(worker_id=OuterRef("pk"))
    return WorkerCounts(total=alive.count(), active=alive.filter(Exists(running)).count())


def _counts(totals: HandlerStats, now: datetime) -> dict[str, int]:
    jobs = Job.objects.all()
    counts = {status.value: counted(jobs.filter(status=status)) for status in JobStatus if status in UNFINISHED}
    ended = [status for status in JobStatus if status in FINISHED]
    if job_settings().STATS:
        return counts | {status.value: int(getattr(totals, status.value)) for status in ended}
    recent = jobs.filter(id__gte=first_uuid7_of((now - DAY).timestamp()))
    return counts | {status.value: counted(recent.filter(status=status)) for status in ended}


def counted(jobs: JobQuerySet) -> int:
    """Count jobs, up to `COUNT_LIMIT`."""
    return jobs.order_by("id")[:COUNT_LIMIT].count()


def _oldest_due(now: datetime) -> timedelta | None:
    """Return for how long the longest waiting due job has been due; one whose queue is paused waits on purpose.

    Jobs that are due but still scheduled count: nobody has made them pending.
    """
    store = get_store(jobs_database())
    paused = set(Queue.objects.paused().values_list("name", flat=True))
    lanes = waiting(store, [name for name in store.pending_queues() if name not in paused][:QUEUES], COUNT_LIMIT)
    scheduled = Job.objects.due(now).order_by("run_after", "id").values_list("run_after", flat=True)
    moments = [*(due for _depth, due in lanes.values()), *scheduled[:1]]
    return max(now - min(moments), timedelta()) if moments else None


def _problems(found: Health, orphaned: int, max_latency: timedelta, min_workers: int) -> Iterator[tuple[str, str]]:
    workers, oldest_due = found.workers, found.oldest_due
    if not workers.total and min_workers:
        if oldest_due is None:
            yield _("No worker is running."), DEGRADED
        else:
            yield _("No worker is running, and jobs are due."), UNHEALTHY
    elif workers.total < min_workers:
        wanted = _("%(total)d of %(wanted)d workers are running.")
        yield wanted % {"total": workers.total, "wanted": min_workers}, UNHEALTHY
    if oldest_due is not None and oldest_due > max_latency:
        late = _("A job has been due for %(seconds)d s, longer than %(limit)d s.")
        yield late % {"seconds": oldest_due.total_seconds(), "limit": max_latency.total_seconds()}, DEGRADED
    if orphaned:
        lost = ngettext("%(n)d job waits to be rescued from a dead worker.",
                        "%(n)d jobs wait to be rescued from dead workers.", orphaned)  # fmt: skip
        yield lost % {"n": orphaned}, DEGRADED
