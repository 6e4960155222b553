"""Telling receivers and the log what was committed."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.db import InterfaceError, OperationalError, connections
from django.dispatch import Signal

from .. import signals
from ..attempt import Ending, Running
from ..events import announce
from ..models import Job
from ..states import JobStatus
from ..store import CLAIM_COLUMNS, decoded
from .logger import logger
from .writing import Written


class Fact(NamedTuple):
    """A signal to send of a job, and by what it completed if that is what happened."""

    signal: Signal
    job_id: UUID
    details: dict[str, Any]
    completed_by: Ending | None = None


_SIGNALS = {
    JobStatus.COMPLETED: signals.job_completed,
    JobStatus.FAILED: signals.job_failed,
    JobStatus.CANCELLED: signals.job_cancelled,
    JobStatus.SCHEDULED: signals.job_retrying,
}


def facts_of(written: Written) -> list[Fact]:
    """Return the signals that somebody listens to, in the order in which things happened."""
    facts: list[Fact] = []
    if signals.job_logged.receivers:
        facts += [Fact(signals.job_logged, line.job_id, {"log": line}) for line in written.lines]
    if signals.job_event.receivers:
        facts += [Fact(signals.job_event, it.job_id, {"name": it.name, "data": it.data}) for it in written.events]
    if signals.job_progressed.receivers:
        facts += [Fact(signals.job_progressed, pk, progress._asdict()) for pk, progress in written.progress]
    return facts + [fact for ending, status in written.endings if (fact := _fact_of_ending(ending, status))]


def _fact_of_ending(ending: Ending, status: JobStatus) -> Fact | None:
    report, signal = ending.report, _SIGNALS.get(status)
    if signal is None or not signal.receivers or (status is JobStatus.SCHEDULED and report.refunds):
        return None
    if status is JobStatus.COMPLETED:
        return Fact(signal, report.id, {"result": ending.value}, ending)
    if status is JobStatus.CANCELLED:
        return Fact(signal, report.id, {})
    why = {"error": report.error, "exception": ending.exception}
    if status is JobStatus.FAILED:
        return Fact(signal, report.id, {**why, "attempts": ending.running.claim.attempts})
    return Fact(signal, report.id, {**why, "delay": report.delay})


def failures_of(written: Written) -> list[Ending]:
    """Return the endings whose handlers want to hear of them."""
    return [
        ending
        for ending, status in written.endings
        if status is JobStatus.FAILED and ending.running.handler and ending.running.handler.error_callbacks
    ]


def tell(alias: str, facts: list[Fact], failures: list[Ending], *, reads_rows: bool = True) -> bool:
    """Call `on_error` callbacks, then send the signals; whatever they raise is logged.

    Where jobs only completed, and unless it `reads_rows`, receivers get jobs with what the worker knows of them.
    Return whether one asked for more, which takes a query for each job, so that it is better to read the next ones.
    """
    completed = [fact.completed_by for fact in facts if fact.completed_by]
    if reads_rows or failures or len(completed) < len(facts):
        ids = {*(fact.job_id for fact in facts), *(ending.report.id for ending in failures)}
        _tell_of(_rows(alias, ids), facts, failures)
        return reads_rows
    jobs = {ending.report.id: _completed(alias, ending) for ending in completed}
    known = sum(len(vars(record)) for record in jobs.values())
    _tell_of(jobs, facts, failures)
    return sum(len(vars(record)) for record in jobs.values()) > known


def _tell_of(jobs: dict[UUID, Job], facts: list[Fact], failures: list[Ending]) -> None:
    for ending in failures:
        if ending.report.id in jobs:
            _call_back(ending, jobs[ending.report.id])
    for signal, pk, details, _ in facts:
        if pk in jobs:
            _announce(signal, jobs[pk], details)


def _completed(alias: str, ending: Ending) -> Job:
    """Return a job as it completed, without what only its row says, or what the handler may have changed in place."""
    claim = ending.running.claim
    values = [*claim.args, *claim.kwargs.values()]
    unsure = {"args", "kwargs"} if any(isinstance(value, list | dict) for value in values) else set()
    known = {name: getattr(claim, name) for name in CLAIM_COLUMNS if name not in unsure}
    return Job.known(alias, **known, status=JobStatus.COMPLETED, result=decoded(ending.report.result or "null"))


def _announce(signal: Signal, record: Job, details: dict[str, Any]) -> None:
    if signal is signals.job_cancelled:  # as for a job that never ran; its error is a sentence around the reason
        details = {"reason": record.cancel_reason}
    try:
        announce(signal, record, **details)
    except BaseException:  # a receiver may not cost other jobs their signals
        logger.exception("a receiver failed for %s", record.name, extra={"job_id": str(record.pk)})


def _rows(alias: str, ids: Collection[UUID]) -> dict[UUID, Job]:
    """Return the jobs' rows, over a new connection where the old one was cut since it was last used."""
    try:
        return Job.objects.using(alias).in_bulk(list(ids))
    except (OperationalError, InterfaceError):
        connections[alias].close()
        return Job.objects.using(alias).in_bulk(list(ids))


def _call_back(ending: Ending, record: Job) -> None:
    handler = ending.running.handler
    for callback in handler.error_callbacks if handler else ():
        try:
            callback(record, ending.exception or RuntimeError(ending.report.error))
        except BaseException:  # a callback may not end the thread that calls all others
            logger.exception("on_error of %s failed", record.name, extra={"job_id": str(record.pk)})


def log_started(running: Running) -> None:
    """Say that an attempt began."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    claim = running.claim
    logger.debug(
        "job %s %s started, attempt %d of %d", claim.name, claim.id, claim.attempts, claim.max_attempts,
        extra={"job_id": str(claim.id), "job_name": claim.name, "attempt": claim.attempts},
    )  # fmt: skip


_LEVELS: dict[JobStatus, int] = {JobStatus.FAILED: logging.ERROR, JobStatus.SCHEDULED: logging.WARNING}


def log_endings(written: Written) -> None:
    """Write a line for each attempt that ended."""
    for ending, status in written.endings:
        level = _LEVELS.get(status, logging.INFO)
        if logger.isEnabledFor(level):
            _log_ending(level, ending, status)


def _log_ending(level: int, ending: Ending, status: JobStatus) -> None:
    claim, seconds = ending.running.claim, ending.running.seconds
    logger.log(
        level, "job %s %s %s after %.0f ms%s",
        claim.name, claim.id, _ended_as(ending, status), seconds * 1000,
        f": {ending.report.error}" if ending.report.error else "",
        extra={
            "job_id": str(claim.id), "job_name": claim.name, "queue_name": claim.queue_name, "status": status.value,
            "outcome": ending.report.outcome.value, "attempt": claim.attempts, "seconds": round(seconds, 6),
        },
    )  # fmt: skip


def _ended_as(ending: Ending, status: JobStatus) -> str:
    if status is JobStatus.SCHEDULED:
        verb = "put off for" if ending.report.refunds else "will be tried again in"
        return f"{verb} {ending.report.delay.total_seconds():.1f} s"
    return "given back" if status is JobStatus.PENDING else status.value
