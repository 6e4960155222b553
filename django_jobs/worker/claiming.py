"""Choosing what to claim: from which queue, and how much."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile
from uuid import UUID

from ..settings import job_settings
from ..states import Outcome
from ..store import Claim, Report, Store

MOST_BUFFERED = 250
BUFFERED_SECONDS = 0.1
"""How much work may wait in a worker: what it is likely to begin within this time."""


def is_suspect(claim: Claim) -> bool:
    """Tell whether a job is a poison job if the worker dies with it once more."""
    return claim.rescues > 0 and claim.rescues + 1 >= job_settings().MAX_RESCUES


class Claimer:
    """Claim from one queue at a time, each in its turn, so that a full queue does not starve the others."""

    def __init__(self, store: Store, worker_id: UUID, queue_names: Sequence[str]) -> None:
        self._store = store
        self._worker_id = worker_id
        self._queue_names = list(queue_names)
        self._last = ""
        self._was_told = False

    def claim(self, limit: int, told: Collection[str] = ()) -> list[Claim]:
        """Make due jobs pending, then claim up to `limit` jobs from the queues that have some.

        Queues of which the worker was `told` come first, and save it the look at all of them: but not twice in a row,
        lest much news of some queues starves the others.
        """
        self._was_told = bool(told) and not self._was_told
        claims = self._claim_from(self._served(told), limit) if self._was_told else []
        return self._with_suspects_alone(claims or self._claim_from(self._served(self._waiting()), limit))

    def _waiting(self) -> Collection[str]:
        """Return the queues that have jobs, once those that are due are among them."""
        survey = self._store.survey()
        if survey.has_due and self._store.retrying(self._store.promote):
            survey = self._store.survey()
        return survey.queue_names

    def _claim_from(self, queue_names: Collection[str], limit: int) -> list[Claim]:
        claims: list[Claim] = []
        for queue_name in sorted(queue_names, key=lambda name: (name <= self._last, name)):
            claims += self._store.retrying(lambda: self._store.claim(self._worker_id, queue_name, limit - len(claims)))  # noqa: B023 - called at once
            self._last = queue_name
            if len(claims) >= limit:
                break
        return claims

    def finds_nothing(self) -> bool:
        """Tell whether there is no job that could be claimed now."""
        survey = self._store.survey()
        return not (survey.has_due or self._served(survey.queue_names))

    def _served(self, queue_names: Collection[str]) -> list[str]:
        return [name for name in queue_names if not self._queue_names or name in self._queue_names]

    def _with_suspects_alone(self, claims: list[Claim]) -> list[Claim]:
        """Keep what comes before the first suspect, or else that alone; give the rest back.

        If it takes the worker with it once more, no job that it met here shall be taken for as dangerous.
        """
        before = list(takewhile(lambda claim: not is_suspect(claim), claims))
        kept = before or claims[:1]
        rest = [Report(claim.id, claim.claim_token, Outcome.RELEASED, refunds=True) for claim in claims[len(kept) :]]
        if rest:
            self._store.retrying(lambda: self._store.finish(rest))
        return kept


class Pace:
    """How long jobs take, as a moving average, and how many to hold ready on that account."""

    def __init__(self) -> None:
        self._seconds = BUFFERED_SECONDS

    def learn(self, seconds: float) -> None:
        """Take the duration of one more job."""
        self._seconds += (seconds - self._seconds) * 0.1

    def slow_down(self, seconds: float) -> None:
        """Take note that jobs which were to begin at once have waited this long."""
        self._seconds = max(self._seconds, seconds)

    def buffer(self, slots: int) -> int:
        """Return how many jobs to claim beyond the free slots: hundreds of tiny ones, none that is long."""
        return min(int(slots * BUFFERED_SECONDS / max(self._seconds, 1e-6) * 0.5), MOST_BUFFERED)
