"""Deleting jobs that finished long ago, with all they left behind."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connections, transaction
from django.db.models import PROTECT, RESTRICT, Count, Exists, OuterRef, ProtectedError, Q, QuerySet, RestrictedError

from .ids import first_uuid7_of
from .models import Job, JobLog, Stat, Worker
from .querysets import jobs_database
from .states import FINISHED, JobStatus
from .store import get_store
from .texts import portions

MOST_LINES = 20_000
"""Log lines that go in one transaction: others who write on SQLite wait for it."""


def prune(
    cutoff: datetime,
    *,
    limit: int = 1000,
    alias: str | None = None,
    statuses: Collection[JobStatus] = FINISHED,
) -> int:
    """Delete up to `limit` jobs that finished before `cutoff`, with their rows in other tables; return how many.

    They are fewer where they have many log lines; 0 means that nothing (more) can be deleted. A job that is being
    retried meanwhile stays, and so does one that another model's foreign key protects.
    """
    alias = alias or jobs_database()
    deleted = 0
    for status in sorted(statuses):
        if deleted < limit:
            deleted += delete_locked(prunable(status, cutoff, alias), limit - deleted, most_lines=MOST_LINES)
    return deleted


def prune_traces(cutoff: datetime, *, alias: str | None = None) -> None:
    """Delete the statistics of minutes before `cutoff`, and the rows of workers last heard of before it.

    The row of a worker stays while its heartbeat has not lapsed, and while jobs wait to be rescued from it.
    """
    alias = alias or jobs_database()
    Stat.objects.using(alias).filter(minute__lt=cutoff).delete()
    silent_since = min(cutoff, Worker.objects.oldest_heartbeat(get_store(alias).now()))
    running = Job.objects.using(alias).running().filter(worker_id=OuterRef("pk"))
    Worker.objects.using(alias).filter(~Exists(running), heartbeat_at__lt=silent_since).delete()


def prunable(status: JobStatus, cutoff: datetime, alias: str) -> QuerySet[Job]:
    """Jobs of one finished status that `prune` would delete, oldest first.

    A job's id is no younger than the job, and leads the index beside the status: what was made after the cutoff
    is never looked at.
    """
    older = Job.objects.using(alias).filter(status=status, id__lt=first_uuid7_of(cutoff.timestamp()))
    found: QuerySet[Job] = older.filter(finished_at__lt=cutoff).exclude(_is_protected()).order_by("id")
    return found


def _is_protected() -> Q:
    """Jobs that a foreign key to them protects: left out, or they would fill every batch in the end."""
    protected = Q(pk__in=[])
    for relation in Job._meta.related_objects:
        if relation.on_delete in {PROTECT, RESTRICT}:
            rows = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            protected |= Q(Exists(rows))
    return protected


def delete_locked(jobs: QuerySet[Job], limit: int, *, most_lines: int | None = None) -> int:
    """Delete up to `limit` of these jobs, locked first: a job is retried before, and no longer found, or gone.

    With `most_lines`, delete only the first of them that have no more log lines together, though at least one.
    """
    features = connections[jobs.db].features
    with get_store(jobs.db).transaction():
        locked = jobs.select_for_update(skip_locked=features.has_select_for_update_skip_locked)
        ids = list(locked.values_list("pk", flat=True)[:limit])
        return _delete(ids if most_lines is None else _portion(ids, most_lines, jobs.db), jobs.db)


def _portion(ids: list[UUID], most_lines: int, alias: str) -> list[UUID]:
    lines = JobLog.objects.using(alias).filter(job_id__in=ids).order_by()
    counts = dict(lines.values_list("job_id").annotate(Count("pk")))
    return next(portions(ids, lambda pk: counts.get(pk, 0), len(ids), most_lines), [])


def _delete(ids: list[UUID], alias: str) -> int:
    """Delete these jobs as their foreign keys ask for; halve the list to find those that are protected further off."""
    if not ids:
        return 0
    try:
        with transaction.atomic(using=alias):
            Job.objects.using(alias).filter(pk__in=ids).only("pk").delete()
    except (ProtectedError, RestrictedError):
        if len(ids) == 1:
            return 0
        middle = len(ids) // 2
        return _delete(ids[:middle], alias) + _delete(ids[middle:], alias)
    return len(ids)
