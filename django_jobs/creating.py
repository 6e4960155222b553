"""Making rows of calls, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, overload
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from .arguments import Arguments
from .current import running_job_id
from .events import announce
from .exceptions import InvalidArguments
from .ids import uuid7s
from .models import Job
from .options import JobOptions, read_priority, read_span
from .querysets import jobs_database, owner_key
from .settings import job_settings
from .signals import job_enqueued
from .states import JobStatus
from .store import decoded, get_store
from .texts import portions

if TYPE_CHECKING:
    from .handlers import Handler

MOST_ROWS = 1000
MOST_TEXT = 10_000_000
"""Characters of arguments in one statement: MySQL takes 16 MB if nobody changed it, PostgreSQL 256 MB."""

Call = tuple[Sequence[Any], Mapping[str, Any]]


def create(handler: Handler[..., Any], calls: Iterator[Call], options: JobOptions) -> Enqueued:
    """Create a job of this handler for each call; check every call before the first is written."""
    arguments = list(_bound(handler, calls))
    alias = jobs_database()
    return insert(Job.known(alias, **{**_blank(), **_fields(handler, options, alias)}), arguments, alias)


def _bound(handler: Handler[..., Any], calls: Iterator[Call]) -> Iterator[Arguments]:
    for number, (args, kwargs) in enumerate(calls, 1):
        try:
            yield handler.bound(args, kwargs)
        except (TypeError, InvalidArguments) as error:
            if number > 1 or next(calls, None):
                raise type(error)(f"call {number}: {error}") from error
            raise


def _fields(handler: Handler[..., Any], options: JobOptions, alias: str) -> dict[str, Any]:
    chosen = handler.options
    status, run_after = _due(options, alias)
    priority = options.priority if options.priority is not None else chosen.priority
    return {
        "name": handler.name,
        "queue_name": options.queue_name or chosen.queue_name,
        "priority": read_priority(priority),
        "status": status,
        "run_after": run_after,
        "created_at": timezone.now(),
        "max_attempts": options.max_attempts or chosen.max_attempts or job_settings().MAX_ATTEMPTS,
        "timeout": read_span("timeout", options.timeout),
        "owner": owner_key(options.owner),
        "parent_id": running_job_id.get(),
    }


@cache
def _blank() -> dict[str, Any]:
    """Return what a job holds of which nothing is said; found once, since `Job()` asks each field anew."""
    return {**vars(Job()), "args": [], "kwargs": {}}


def _due(options: JobOptions, alias: str) -> tuple[JobStatus, datetime]:
    """Return whether a job waits for its time, and when that is, by the database's clock."""
    delay = read_span("delay", options.delay) or timedelta()
    if options.run_after is None and not delay:
        return JobStatus.PENDING, timezone.now()
    now = get_store(alias).now()
    moment = options.run_after or now + delay
    return (JobStatus.SCHEDULED if moment > now else JobStatus.PENDING), moment


class Enqueued(Sequence[Job]):
    """New jobs in the order of their calls, each made when it is first asked for.

    Objects that nobody looks at take time to make, and keep the garbage collector busy.
    """

    def __init__(self, template: Job, ids: list[UUID], calls: Sequence[Arguments], alias: str) -> None:
        self.ids = ids
        """The jobs' ids, for whoever wants nothing else."""
        self._template, self._calls, self._alias = template, calls, alias
        self._made: dict[int, Job] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} × {self._template.name}>"

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> list[Job]: ...
    def __getitem__(self, index: int | slice) -> Job | list[Job]:
        numbers = range(len(self))[index]
        return self._job(numbers) if isinstance(numbers, int) else [self._job(number) for number in numbers]

    def _job(self, number: int) -> Job:
        if number not in self._made:
            args, kwargs = map(decoded, self._calls[number])
            known = {**vars(self._template), "id": self.ids[number], "args": args, "kwargs": kwargs}
            self._made[number] = Job.known(self._alias, **known)
        return self._made[number]


def insert(template: Job, calls: Sequence[Arguments], alias: str) -> Enqueued:
    """Write a job like the template for each call, and tell of them once they are committed."""
    store = get_store(alias)
    ids = uuid7s(len(calls))
    rows = ((pk, *call) for pk, call in zip(ids, calls, strict=True))
    with transaction.atomic(using=alias, savepoint=False) if len(ids) > 1 else nullcontext():
        for portion in portions(rows, lambda row: len(row[1]) + len(row[2]), MOST_ROWS, MOST_TEXT):
            store.insert(template, portion)
    jobs = Enqueued(template, ids, calls, alias)
    if job_enqueued.receivers:
        transaction.on_commit(partial(_announce, jobs), using=alias, robust=True)
    return jobs


def _announce(jobs: Enqueued) -> None:
    for record in jobs:
        announce(job_enqueued, record)
