"""The states of a job, and the only moves between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from .exceptions import IllegalMove


class JobStatus(TextChoices):
    """Where a job stands; stored on the row as the lower-case word."""

    SCHEDULED = "scheduled", _("scheduled")
    WAITING = "waiting", _("waiting")
    PENDING = "pending", _("pending")
    RUNNING = "running", _("running")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Outcome(TextChoices):
    """How an attempt ended."""

    COMPLETED = "completed", _("completed")
    RETRY = "retry", _("retry")
    SNOOZE = "snooze", _("snooze")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    RELEASED = "released", _("released")
    RESCUED = "rescued", _("rescued")


FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
UNFINISHED = frozenset(JobStatus) - FINISHED


class Verb(StrEnum):
    """What moves a job; every change of status is one of these."""

    CLAIM = "claim"
    PROMOTE = "promote"
    RUN_NOW = "run now"
    CANCEL = "cancel"
    RETRY = "retry"
    COMPLETE = "complete"
    FAIL = "fail"
    BACK_OFF = "back off"
    GIVE_BACK = "give back"


@dataclass(frozen=True)
class Move:
    """A verb's allowed departures and its one arrival."""

    sources: frozenset[JobStatus]
    target: JobStatus


def _move(*sources: JobStatus, to: JobStatus) -> Move:
    return Move(frozenset(sources), to)


_S = JobStatus

MOVES: dict[Verb, Move] = {
    Verb.CLAIM: _move(_S.PENDING, to=_S.RUNNING),
    Verb.PROMOTE: _move(_S.SCHEDULED, _S.WAITING, to=_S.PENDING),
    Verb.RUN_NOW: _move(_S.SCHEDULED, to=_S.PENDING),
    Verb.CANCEL: _move(_S.SCHEDULED, _S.WAITING, _S.PENDING, _S.RUNNING, to=_S.CANCELLED),
    Verb.RETRY: _move(*FINISHED, to=_S.PENDING),
    Verb.COMPLETE: _move(_S.RUNNING, to=_S.COMPLETED),
    Verb.FAIL: _move(_S.RUNNING, to=_S.FAILED),
    Verb.BACK_OFF: _move(_S.RUNNING, to=_S.SCHEDULED),
    Verb.GIVE_BACK: _move(_S.RUNNING, to=_S.PENDING),
}

OUTCOME_VERBS: dict[Outcome, Verb] = {
    Outcome.COMPLETED: Verb.COMPLETE,
    Outcome.RETRY: Verb.BACK_OFF,
    Outcome.SNOOZE: Verb.BACK_OFF,
    Outcome.FAILED: Verb.FAIL,
    Outcome.CANCELLED: Verb.CANCEL,
    Outcome.RELEASED: Verb.GIVE_BACK,
    Outcome.RESCUED: Verb.GIVE_BACK,
}


def arrival(verb: Verb, status: JobStatus) -> JobStatus:
    """Return the status that `verb` leads to from `status`; raise `IllegalMove` when it may not be left so."""
    move = MOVES[verb]
    if status not in move.sources:
        raise IllegalMove(verb.value, status.value)
    return move.target
