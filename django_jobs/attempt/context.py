"""`current_job`: what a handler may ask of its job, and tell about it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, MutableMapping, Sized
from contextlib import AbstractContextManager
from typing import Any, TypeVar
from uuid import UUID

from django.utils import timezone

from ..arguments import check_json
from ..exceptions import CancelInterruption, InvalidArguments, NoCurrentJob
from ..models import Job
from ..texts import storable_text
from .completion import Completion, completing
from .running import Running, current_running

T = TypeVar("T")

job_logger = logging.getLogger("django_jobs.job")


class JobLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose records carry the job's id and handler."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the job's fields to those of the record."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


class CurrentJob:
    """The job whose handler is running. Every use outside a handler raises `NoCurrentJob`."""

    def __bool__(self) -> bool:
        return current_running() is not None

    @property
    def _running(self) -> Running:
        running = current_running()
        if running is None:
            raise NoCurrentJob("current_job was used where no job runs; `if current_job:` tells.")
        return running

    @property
    def id(self) -> UUID:
        """The job's primary key."""
        return self._running.claim.id

    @property
    def name(self) -> str:
        """The handler's name."""
        return self._running.claim.name

    @property
    def owner(self) -> str:
        """Whose job this is, as `app.model:key` or the text given."""
        return self._running.claim.owner

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""
        return self._running.claim.attempts

    @property
    def max_attempts(self) -> int:
        """How many attempts the job has."""
        return self._running.claim.max_attempts

    @property
    def is_last_attempt(self) -> bool:
        """Whether the job fails if this attempt does."""
        return self.attempt >= self.max_attempts

    @property
    def record(self) -> Job:
        """The job's row, read now."""
        running = self._running
        return Job.objects.using(running.alias).get(pk=running.claim.id)

    async def arecord(self) -> Job:
        """Return the job's row, read now, in an `async def` handler."""
        running = self._running
        return await Job.objects.using(running.alias).aget(pk=running.claim.id)

    @property
    def log(self) -> JobLogger:
        """A logger whose records are stored with the job."""
        claim = self._running.claim
        return JobLogger(job_logger, {"job_id": str(claim.id), "job_name": claim.name})

    def progress(self, current: float, total: float = 100, message: str = "") -> None:
        """Report that `current` of `total` is done; without a total, `current` is a percentage.

        Shown within a fraction of a second, also while the handler's own transaction is open. Also a place where
        a cancelled handler stops.
        """
        running = self._running
        if not _are_finite(current, total):
            raise InvalidArguments(f"{running.claim.name}: progress({current!r}, {total!r}): use finite numbers.")
        self.raise_if_cancelled()
        running.sink.progressed(running, float(current), float(total), storable_text(running.hide(message), 255))

    def track(self, items: Iterable[T], total: int | None = None, message: str = "") -> Iterator[T]:
        """Yield the items and report progress after each; `total` is asked of them when it is not given."""
        count = len(items) if total is None and isinstance(items, Sized) else total
        for done, item in enumerate(items, 1):
            yield item
            if count:
                self.progress(done, count, message)

    def emit(self, name: str, data: Any = None) -> None:
        """Store an event with the job and send `job_event`; `data` must be JSON of at most `MAX_PAYLOAD`."""
        running = self._running
        check_json(running.claim.name, data, f"emit({name!r}) data")
        event = {"name": storable_text(name, 200), "data": running.hide(data), "created_at": timezone.now()}
        running.sink.emitted(running, event)

    def complete_in_transaction(self) -> AbstractContextManager[Completion]:
        """Open a transaction that ends with the job's completion, as `@job(atomic=True)` does for a whole handler.

        `with current_job.complete_in_transaction() as completion:` write, set `completion.result`, and return soon
        after: the job is completed once the block ends, and nothing that follows can undo it. Only on the thread
        that the handler runs on, and in the database that holds the jobs.
        """
        return completing(self._running)

    def raise_if_cancelled(self) -> None:
        """Stop here if somebody cancelled the job."""
        running = self._running
        if running.is_cancelled:
            raise CancelInterruption(str(running.interruption))


def _are_finite(*numbers: float) -> bool:
    try:
        return all(map(math.isfinite, numbers))
    except (TypeError, OverflowError):
        return False


current_job = CurrentJob()
