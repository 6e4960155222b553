"""The verbs of a program: enqueue, schedule, get, cancel, retry, copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from .arguments import packed
from .creating import insert
from .exceptions import InvalidArguments
from .handlers import Handler, get_handler, job
from .models import Job
from .options import check_moment
from .querysets import jobs_database


def enqueue(name: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> Job:
    """Create a job by its handler's name. Options are those of `using`.

    Raise `UnknownHandler`, TypeError for wrong arguments, `InvalidArguments`, `InvalidOptions`.
    """
    if not isinstance(arguments, Mapping | None):
        raise InvalidArguments(f"{name}: the arguments must be a dict by name, not {type(arguments).__name__}.")
    return get_handler(name).using(**options).enqueue_many([arguments or {}])[0]  # whose keys need not be text yet


def schedule(name: str, arguments: Mapping[str, Any] | None, run_after: datetime, **options: Any) -> Job:
    """Create a job by its handler's name, to run at `run_after` or as soon after as a worker is free."""
    check_moment(run_after)
    return enqueue(name, arguments, run_after=run_after, **options)


def get(job_id: UUID | str | Job) -> Job | None:
    """Return a job by its id, or a job's row as it is now; None if there is none."""
    pk = _read_id(job_id)
    return None if pk is None else Job.objects.filter(pk=pk).first()


def cancel(job_id: UUID | str | Job, reason: str = "") -> bool:
    """Cancel a job, or ask its worker to stop it; False if there is none or it has finished."""
    record = get(job_id)
    return record is not None and record.cancel(reason)


def retry(job_id: UUID | str | Job) -> bool:
    """Make a finished job pending again; False if there is none or it has not finished."""
    record = get(job_id)
    return record is not None and record.retry()


def register(name: str, func: Any, **options: Any) -> Handler[..., Any]:
    """Register a function under a name, as `@job(name)` does, and return its handler."""
    handler: Handler[..., Any] = job(name, **options)(func)
    return handler


def copy(record: Job, args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None) -> Job:
    """Enqueue a job's handler again with the same options, to run now; return the new job.

    Without `args` and `kwargs` its arguments are the same too, unseen; others are checked as by `enqueue`.
    """
    if args is not None or kwargs is not None:
        given = get_handler(record.name).bound(args or (), kwargs or {})
    else:
        given = packed(record.name, record.args, record.kwargs)
    twin = Job(
        name=record.name,
        queue_name=record.queue_name,
        priority=record.priority,
        max_attempts=record.max_attempts,
        timeout=record.timeout,
        owner=record.owner,
        copy_of_id=record.pk,
    )
    return insert(twin, [given], record._state.db or jobs_database())[0]


def _read_id(job_id: UUID | str | Job) -> UUID | None:
    if isinstance(job_id, Job):
        return job_id.pk
    try:
        return job_id if isinstance(job_id, UUID) else UUID(job_id)
    except (ValueError, AttributeError, TypeError):
        return None
