"""Telling receivers and the log what was committed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connections
from django.dispatch import Signal

from .. import signals
from ..attempt import Ending, Running
from ..events import announce
from ..models import Job
from ..states import JobStatus
from .logger import logger
from .writing import Written

Fact = tuple[Signal, UUID, dict[str, Any]]

_SIGNALS = {
    JobStatus.COMPLETED: signals.job_completed,
    JobStatus.FAILED: signals.job_failed,
    JobStatus.CANCELLED: signals.job_cancelled,
    JobStatus.SCHEDULED: signals.job_retrying,
}


def facts_of(written: Written) -> list[Fact]:
    """Return the signals that somebody listens to, in the order in which things happened."""
    found: list[Fact] = [
        *((signals.job_logged, line.job_id, {"log": line}) for line in written.lines),
        *((signals.job_event, event.job_id, {"name": event.name, "data": event.data}) for event in written.events),
        *((signals.job_progressed, key[0], progress._asdict()) for key, progress in written.progress),
        *(fact for ending, status in written.endings for fact in _facts_of_ending(ending, status)),
    ]
    return [fact for fact in found if fact[0].receivers]


def _facts_of_ending(ending: Ending, status: JobStatus) -> Iterator[Fact]:
    signal = _SIGNALS.get(status)
    if signal is None or not signal.receivers or (status is JobStatus.SCHEDULED and ending.report.refunds):
        return
    report = ending.report
    details: dict[JobStatus, dict[str, Any]] = {
        JobStatus.COMPLETED: {"result": ending.value},
        JobStatus.FAILED: {
            "error": report.error, "exception": ending.exception, "attempts": ending.running.claim.attempts
        },
        JobStatus.CANCELLED: {},
        JobStatus.SCHEDULED: {"error": report.error, "exception": ending.exception, "delay": report.delay},
    }  # fmt: skip
    yield signal, report.id, details[status]


def failures_of(written: Written) -> list[Ending]:
    """Return the endings whose handlers want to hear of them."""
    return [
        ending
        for ending, status in written.endings
        if status is JobStatus.FAILED and ending.running.handler and ending.running.handler.error_callbacks
    ]


def tell(alias: str, facts: list[Fact], failures: list[Ending]) -> None:
    """Call `on_error` callbacks, then send the signals; whatever they raise is logged."""
    jobs = _rows(alias, {*(pk for _, pk, _ in facts), *(ending.report.id for ending in failures)})
    for ending in failures:
        if ending.report.id in jobs:
            _call_back(ending, jobs[ending.report.id])
    for signal, pk, details in facts:
        if pk in jobs:
            _announce(signal, jobs[pk], details)


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
