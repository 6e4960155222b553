"""What workers do for the table, each a little: promote, rescue, prune."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from ..pruning import prune, prune_traces
from ..settings import job_settings
from ..store import get_store
from .rescue import rescue
from .writing import Written

PRUNE_EVERY = 60.0
PRUNE_SELDOM = 540.0
"""Seconds more where nothing was old enough: an idle worker leaves the database alone."""
PRUNE_FOR = 1.0
"""Seconds that a worker spends on it each time, so that its own jobs do not wait."""
PRUNE_BATCH = 500


class Maintenance:
    """Run each duty when its time has come; no more than one worker needs to live."""

    def __init__(self, alias: str, on_rescued: Callable[[Written], None]) -> None:
        self._alias = alias
        self._on_rescued = on_rescued
        self._duties = {self._rescue: job_settings().WORKER_TIMEOUT.total_seconds() / 4, self._prune: PRUNE_EVERY}
        self._due = {self._rescue: 0.0, self._prune: time.monotonic() + PRUNE_EVERY * random.random()}  # noqa: S311 - spreads load

    def run_due(self) -> None:
        """Do what is due, and set its next time, with jitter so that workers do not meet."""
        for duty, every in self._duties.items():
            if time.monotonic() >= self._due[duty]:
                self._due[duty] = time.monotonic() + every * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load
                duty()

    def _rescue(self) -> None:
        while (written := rescue(self._alias)).endings:
            self._on_rescued(written)

    def _prune(self) -> None:
        retention = job_settings().RETENTION
        if not retention:
            return
        cutoff = get_store(self._alias).now() - retention
        until = time.monotonic() + PRUNE_FOR
        found = deleted = prune(cutoff, limit=PRUNE_BATCH, alias=self._alias)
        while deleted and time.monotonic() < until:
            deleted = prune(cutoff, limit=PRUNE_BATCH, alias=self._alias)
        prune_traces(cutoff, alias=self._alias)
        if not found:
            self._due[self._prune] += min(PRUNE_SELDOM, retention.total_seconds())
