"""What happened to a job, in the order it happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from ..models import Attempt, Job, JobEvent, Worker
from ..states import JobStatus, Outcome
from ..texts import plain
from . import marks

EVENTS = 50


class Happening(NamedTuple):
    """A moment, what happened, and a word about it."""

    moment: datetime
    kind: str
    text: str
    detail: str = ""


def timeline(job: Job, attempts: list[Attempt], worker: Worker | None) -> list[Happening]:
    """Return what happened, oldest first: the latest attempts and events among it."""
    happenings = [*_of_job(job), *_of_attempts(job, attempts), *_of_events(job), *_of_start(job, attempts, worker)]
    return sorted(happenings, key=lambda happening: happening.moment)


def _of_job(job: Job) -> Iterator[Happening]:
    yield Happening(job.created_at, "created", _("created"), _origin(job))
    if job.status == JobStatus.SCHEDULED:
        yield Happening(job.run_after, "scheduled", _("due"))
    if job.cancel_requested_at:
        yield Happening(job.cancel_requested_at, "stopping", _("cancel requested"), plain(job.cancel_reason))
    if job.finished_at and job.is_finished:
        detail = marks.cut(job.error, 200) or _("after %(span)s") % {"span": marks.duration_of(job)}
        yield Happening(job.finished_at, job.status, str(job.get_status_display()), detail)


def _origin(job: Job) -> str:
    by = _("by job %(id)s") % {"id": job.parent_id} if job.parent_id else ""
    copied = _("as a copy of %(id)s") % {"id": job.copy_of_id} if job.copy_of_id else ""
    owned = _("for %(owner)s") % {"owner": marks.cut(job.owner, 60)} if job.owner else ""
    return ", ".join(filter(None, [by, copied, owned]))


def _of_start(job: Job, attempts: list[Attempt], worker: Worker | None) -> Iterator[Happening]:
    if job.started_at and job.claim_token not in {attempt.claim_token for attempt in attempts}:
        yield _started(job.started_at, job.attempts, worker.name if worker else "")


def _started(moment: datetime, number: int, worker_name: str) -> Happening:
    by = _("by %(worker)s") % {"worker": marks.cut(worker_name, 60)} if worker_name else ""
    return Happening(moment, "running", _("attempt %(number)s started") % {"number": number}, by)


def _of_attempts(job: Job, attempts: list[Attempt]) -> Iterator[Happening]:
    following = [job.run_after if job.status == JobStatus.SCHEDULED else job.started_at]
    following += [attempt.started_at for attempt in attempts]
    for attempt, after in zip(attempts, following, strict=False):
        number = {"number": attempt.number}
        if attempt.started_at:
            yield _started(attempt.started_at, attempt.number, attempt.worker_name)
        if attempt is not attempts[0] or not _ended_with(job, attempt):
            text = _("attempt %(number)s ended: %(outcome)s") % {**number, "outcome": attempt.get_outcome_display()}
            yield Happening(attempt.ended_at, attempt.outcome, text, _and_then(attempt, after))


def _and_then(attempt: Attempt, following: datetime | None) -> str:
    """Return how an attempt ended, and how long the job waited for the next."""
    error = marks.cut(attempt.error, 200)
    if attempt.outcome not in {Outcome.RETRY, Outcome.SNOOZE} or following is None or following <= attempt.ended_at:
        return error
    wait = _("next attempt after %(span)s") % {"span": marks.span(following - attempt.ended_at)}
    return f"{error} · {wait}" if error else wait


def _ended_with(job: Job, attempt: Attempt) -> bool:
    """Tell whether the end of the attempt was the end of the job, which the timeline has already."""
    return job.is_finished and attempt.outcome in {Outcome.FAILED, Outcome.CANCELLED}


def _of_events(job: Job) -> Iterator[Happening]:
    for event in JobEvent.objects.filter(job_id=job.pk).order_by("-id")[:EVENTS]:
        detail = "" if event.data is None else marks.cut(marks.pretty(event.data), 200)
        yield Happening(event.created_at, "event", str(event), detail)
