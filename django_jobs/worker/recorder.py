"""The recorder: one thread, one connection, and everything that is written about running jobs."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.models import F

from ..attempt import Ending, Running
from ..models import Job
from ..states import Outcome
from ..store import Progress, Report, get_store
from ..texts import storable_text
from .batch import Batch
from .logger import logger
from .notifier import Notifier
from .tally import NEVER, Tally
from .telling import log_endings
from .writing import Written, write

FULL = 250
"""Endings that are written without waiting for more."""
CAPACITY = 2_000
"""Things waiting to be written before handlers have to wait."""
PATIENCE = 5
"""Failures that look like an outage before each job's part is tried alone: drivers tell some refusals likewise."""
ENDING_WITHIN = 0.02
TALK_WITHIN = 0.2


class Recorder:
    """Collect what executors say, and write it in batches.

    An ending is written within 20 ms, or at once when `is_idle` says that nothing else runs; progress and log lines
    within 200 ms, and with any ending. While the database does not answer, everything is kept and tried again.
    """

    def __init__(self, alias: str, notifier: Notifier, tally: Tally) -> None:
        self._alias = alias
        self._notifier = notifier
        self._tally = tally
        self._batch = Batch()
        self._due = NEVER
        self._changed = threading.Condition()
        self._said = self._taken = self._written = 0
        """How many things were said, how many of them are in a batch, and how many are written."""
        self._stops_by = NEVER
        self.is_idle: Callable[[], bool] = lambda: False
        self.on_failure: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._work, name="django_jobs-recorder", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Write what is left; return whether that was done within `timeout` seconds."""
        with self._changed:
            self._stops_by = time.monotonic() + timeout
            self._changed.notify_all()
        self._thread.join(timeout + 1)
        return not self._thread.is_alive() and not self._batch

    def tell(self, written: Written) -> None:
        """Count what was committed, and pass it on to receivers."""
        self._tally.count(written)
        self._notifier.tell(written)

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until everything said so far is written; False after `timeout` seconds."""
        with self._changed:
            so_far = self._said
            self._due = 0.0 if self._batch else self._due
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._written >= so_far, timeout)

    # What executors say.

    def ended(self, ending: Ending) -> None:
        """Take an ending."""
        self._add(lambda batch: batch.endings.append(ending), 0.0 if self.is_idle() else ENDING_WITHIN)

    def progressed(self, running: Running, current: float, total: float, message: str) -> None:
        """Take a report of progress; it replaces the one before."""
        said = Progress(current, total, message)
        self._add(lambda batch: batch.progress.__setitem__(running, said), TALK_WITHIN)

    def logged(self, running: Running, line: dict[str, Any]) -> None:
        """Take a log line."""
        self._add(lambda batch: batch.lines.append((running, line)), TALK_WITHIN)

    def emitted(self, running: Running, event: dict[str, Any]) -> None:
        """Take an event."""
        self._add(lambda batch: batch.events.append((running, event)), TALK_WITHIN)

    def _add(self, put: Callable[[Batch], None], within: float) -> None:
        with self._changed:
            if len(self._batch) >= CAPACITY:
                self._changed.wait_for(lambda: len(self._batch) < CAPACITY, timeout=TALK_WITHIN * 50)
            put(self._batch)
            self._said += 1
            due = time.monotonic() + within
            if due < self._due or len(self._batch.endings) == FULL:
                self._due = min(due, self._due)
                self._changed.notify_all()

    # The thread.

    def _work(self) -> None:
        try:
            self._write_until_stopped()
        except BaseException:
            logger.critical("the recorder failed: the worker stops, and others rescue its jobs", exc_info=True)
            self.on_failure()

    def _write_until_stopped(self) -> None:
        while (batch := self._next()) is not None:
            self._write_persistently(batch)
            with self._changed:
                self._written = self._taken
                self._changed.notify_all()
            if time.monotonic() >= self._tally.due:
                self._tally.write()
        self._tally.write()
        connections.close_all()

    def _next(self) -> Batch | None:
        """Return the next batch when it, or else the tally, is due; None when all is written and the recorder stops."""
        with self._changed:
            while not self._is_due():
                if self._stops_by < NEVER and not self._batch:
                    return None
                self._changed.wait(self._patience())
            batch, self._batch, self._due = self._batch, Batch(), NEVER
            self._taken = self._said
            self._changed.notify_all()
            return batch

    def _is_due(self) -> bool:
        if not self._batch:
            return time.monotonic() >= self._tally.due
        is_full = len(self._batch.endings) >= FULL
        return is_full or self._stops_by < NEVER or time.monotonic() >= self._due

    def _patience(self) -> float | None:
        due = min(self._due, self._tally.due)
        return None if due == NEVER else max(due - time.monotonic(), 0)

    def _write_persistently(self, batch: Batch) -> None:
        """Write a batch: in parts when it is refused, again and again while the database does not answer."""
        failures = 0
        while batch and (error := self._try(batch)) is not None:
            failures += 1
            is_refused = not isinstance(error, OperationalError | InterfaceError)
            if is_refused:
                logger.warning("what was to be written was refused, and is tried in parts: %r", error, exc_info=error)
            if is_refused or failures % PATIENCE == 0:
                batch = self._write_apart(batch)
            if batch and time.monotonic() >= self._stops_by:
                logger.critical("not written before the stop, and left to rescue: %d endings", len(batch.endings))
                return
            if batch:
                if failures == 1:
                    logger.error("the database does not answer; outcomes are kept and written later: %s", error)
                time.sleep(min(0.05 * 2 ** min(failures, 10), 5) * random.uniform(0.5, 1))  # noqa: S311 - spreads load
        if failures:
            logger.warning("the database has taken all that was kept for it")

    def _try(self, batch: Batch) -> Exception | None:
        """Write a batch and tell of it; return what kept it from being written."""
        try:
            written = write_retrying(self._alias, batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread must go on for the other jobs
            connections.close_all()
            return error
        self.tell(written)
        log_endings(written)
        return None

    def _write_apart(self, batch: Batch) -> Batch:
        """Write a batch job by job, and what is refused even so as a failure; return what could not be written."""
        rest = Batch()
        for running, part in batch.parts().items():
            pk = running.claim.id
            if self._try(part) is not None and not (self._answers(pk) and self._is_dealt_with(pk, part)):
                rest.extend(part)
        return rest

    def _answers(self, pk: UUID) -> bool:
        """Tell whether the database takes another write of the same job, so that it is this one that it refuses."""
        try:
            Job.objects.using(self._alias).filter(pk=pk).update(attempts=F("attempts"))
        except (DatabaseError, InterfaceError):
            connections.close_all()
            return False
        return True

    def _is_dealt_with(self, pk: UUID, part: Batch) -> bool:
        """Try a last time, and write a failure that says why instead."""
        error = self._try(part)
        if error is None:
            return True
        logger.error("the database refused what job %s said: %s", pk, error)
        return self._try(Batch([_refused(ending, error) for ending in part.endings])) is None


def write_retrying(alias: str, batch: Batch) -> Written:
    """Write a batch; meet locks and deadlocks with patience."""
    store = get_store(alias)
    return store.retrying(lambda: write(store, batch))


def _refused(ending: Ending, error: Exception) -> Ending:
    """Return the same ending as a failure that says why it could not be stored."""
    claim = ending.running.claim
    text = storable_text(f"The outcome could not be stored: {error}", 2000)
    return Ending(ending.running, Report(claim.id, claim.claim_token, Outcome.FAILED, error=text), exception=error)
