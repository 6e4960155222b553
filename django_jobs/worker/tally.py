"""Counting what this worker did, minute by minute."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connections
from django.utils import timezone

from ..attempt import Ending
from ..models import Stat
from ..settings import job_settings
from ..states import JobStatus
from .logger import logger
from .writing import Written

NEVER = float("inf")
_TOTALS = ["completed", "failed", "retried", "cancelled", "run_seconds", "wait_seconds"]
_COUNTED = {
    JobStatus.COMPLETED: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.SCHEDULED: "retried",
    JobStatus.CANCELLED: "cancelled",
}
Key = tuple[datetime, UUID, str, str]
_KEY = ["minute", "worker_id", "name", "queue_name"]


class Tally:
    """Totals per handler and queue of the minutes that are not yet written for good; nothing without `STATS`."""

    def __init__(self, alias: str, worker_id: UUID) -> None:
        self._alias = alias
        self._worker_id = worker_id
        self._totals: dict[Key, dict[str, float]] = defaultdict(lambda: dict.fromkeys(_TOTALS, 0))
        self._changed: set[Key] = set()
        settings = job_settings()
        self._every = settings.STATS_INTERVAL.total_seconds() if settings.STATS else NEVER
        self.due = time.monotonic() + self._every
        """When the totals are to be written, on the monotonic clock."""

    def count(self, written: Written) -> None:
        """Add what was committed."""
        if self.due == NEVER:
            return
        minute = _this_minute()
        for ending, status in written.endings:
            self._add(minute, ending, status)

    def _add(self, minute: datetime, ending: Ending, status: JobStatus) -> None:
        column = _COUNTED.get(status)
        if column is None or (status is JobStatus.SCHEDULED and ending.report.refunds):
            return
        claim = ending.running.claim
        key = minute, self._worker_id, claim.name, claim.queue_name
        totals = self._totals[key]
        totals[column] += 1
        totals["run_seconds"] += ending.running.seconds
        totals["wait_seconds"] += claim.waited
        self._changed.add(key)  # last, as another thread may write the totals of those that are in it

    def write(self) -> None:
        """Write the totals that changed, or else the next time; forget the minutes that are over."""
        self.due = time.monotonic() + self._every
        try:
            self._write()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("statistics were not written this time: %s", error)
            connections.close_all()

    def _write(self) -> None:
        keys = sorted(self._changed)
        self._changed.difference_update(keys)
        try:
            self._upsert(keys)
        except (DatabaseError, InterfaceError):
            self._changed.update(keys)
            raise
        current = _this_minute()
        for key in [*self._totals]:
            if key[0] < current and key not in self._changed:
                del self._totals[key]

    def _upsert(self, keys: list[Key]) -> None:
        if not keys:
            return
        takes_target = connections[self._alias].features.supports_update_conflicts_with_target
        Stat.objects.using(self._alias).bulk_create(
            [Stat(**dict(zip(_KEY, key, strict=True)), **self._totals[key]) for key in keys],
            update_conflicts=True,
            unique_fields=_KEY if takes_target else None,
            update_fields=_TOTALS,
        )


def _this_minute() -> datetime:
    return timezone.now().replace(second=0, microsecond=0)
