"""What a store hands to workers, and what they hand back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from ..states import MOVES, OUTCOME_VERBS, JobStatus, Outcome

CANCELLED_FOR = "Cancelled: "
CANCELLED_RUNNING = "Cancelled while it ran."


class Claim(NamedTuple):
    """A job as a worker holds it: what it needs to run, and the token that proves the claim."""

    id: UUID
    claim_token: int
    name: str
    queue_name: str
    priority: int
    args: list[Any]
    kwargs: dict[str, Any]
    attempts: int
    max_attempts: int
    timeout: timedelta | None
    owner: str
    rescues: int
    waited: float
    """Seconds from being due to being claimed."""

    def __repr__(self) -> str:
        """Name the job, but not its arguments, which may be secret."""
        return f"<Claim {self.claim_token} of {self.name} {self.id}>"


CLAIM_COLUMNS = Claim._fields[:-1]


class Report(NamedTuple):
    """How an attempt ended, ready to be written.

    `delay` is the wait before the next attempt; a job that is given back keeps its place in the queue.
    """

    id: UUID
    claim_token: int
    outcome: Outcome
    result: str | None = None
    """The JSON text of the result, for a completed job."""
    error: str = ""
    delay: timedelta = timedelta()
    refunds: bool = False
    """Whether the attempt does not count."""
    rescued: bool = False
    """Whether the attempt ended by the death of its worker."""

    @property
    def status(self) -> JobStatus:
        """Where this outcome takes the job."""
        return MOVES[OUTCOME_VERBS[self.outcome]].target


def cancelled_running(reason: str) -> str:
    """Return what is written of a job that somebody cancelled while it ran."""
    return f"{CANCELLED_FOR}{reason}" if reason else CANCELLED_RUNNING


class Progress(NamedTuple):
    """The latest that a handler reported."""

    current: float
    total: float
    message: str


class Survey(NamedTuple):
    """What there is to do: the queues with jobs to claim, and whether scheduled jobs are due."""

    queue_names: list[str]
    has_due: bool
