"""Taking back the jobs of workers that died."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ..attempt import Ending, Running
from ..attempt.outcomes import ended
from ..attempt.running import limit_of
from ..exceptions import JobTimeout, WorkerLost
from ..handlers import find_handler
from ..models import Job
from ..settings import job_settings
from ..states import Outcome
from ..store import Claim, Report, get_store
from ..store.claims import CLAIM_COLUMNS
from .batch import Batch, ClaimKey
from .logger import logger
from .recorder import write_retrying
from .writing import Written

BATCH = 200
OVERDUE = timedelta(seconds=60)
"""How long after an attempt's limit others stop waiting for its worker to say so."""


def rescue(alias: str) -> Written:
    """Give the jobs of dead workers another attempt, or fail them when they have none left.

    Several may do this at once: the claim token lets one through.
    """
    if not Job.objects.using(alias).running().exists():
        return Written()
    now = get_store(alias).now()
    orphans = Job.objects.using(alias).orphaned(now).select_related("worker")[:BATCH]
    endings = [_ending_of(record, alias) for record in orphans]
    late = overdue(alias, now, OVERDUE, times=2).keys() - {ending.report.id for ending in endings}
    stuck = Job.objects.using(alias).running().filter(pk__in=list(late)[:BATCH]).select_related("worker")
    endings += [_timeout_of(record, alias) for record in stuck]
    if not endings:
        return Written()
    written = write_retrying(alias, Batch(endings))
    for ending, status in written.endings:
        logger.warning("job %s %s rescued: %s Now %s.", ending.running.claim.name, ending.report.id,
                       ending.exception, status.value)  # fmt: skip
    return written


def overdue(alias: str, now: datetime, patience: timedelta, *, times: int = 1) -> dict[UUID, UUID | None]:
    """Return jobs, with their workers, so far beyond their limit that the worker must be stuck, though it lives.

    Another host may run a release whose limits are longer: who cannot know counts the limit several `times`, and a
    job whose handler is unknown here, and which has no limit of its own, is left to those who know it.
    """
    since = now - patience
    suspects = Job.objects.using(alias).running().filter(started_at__lt=since)
    rows = suspects.values_list("pk", "worker_id", "name", "timeout", "started_at")
    return {
        pk: worker_id
        for pk, worker_id, name, timeout, began in rows
        if began and (limit := _known_limit(name, timeout)) and began + times * timedelta(seconds=limit) < since
    }


def _known_limit(name: str, timeout: timedelta | None) -> float:
    """Return a job's limit in seconds; 0 where it has none, or none that is known here."""
    handler = find_handler(name)
    return limit_of(handler, timeout) if handler or timeout else 0.0


def _timeout_of(record: Job, alias: str) -> Ending:
    """Return the timeout that a job's own worker should have written long ago."""
    run = _running_of(record, alias)
    return ended(run, JobTimeout(f"Timed out: the limit of {run.limit:g} s passed, and its worker did not stop it."))


def release_unheld(alias: str, worker_id: UUID, held: Collection[ClaimKey]) -> None:
    """Give back a worker's claims that it does not hold: made by a statement whose answer was lost."""
    claimed = Job.objects.using(alias).running().filter(worker_id=worker_id).values_list("pk", "claim_token")
    unheld = set(claimed) - set(held)
    reports = [Report(pk, token, Outcome.RELEASED, refunds=True) for pk, token in unheld]
    for pk in get_store(alias).finish(reports):
        logger.warning("job %s was claimed while the connection broke, and is given back", pk)


def _ending_of(record: Job, alias: str) -> Ending:
    running = _running_of(record, alias)
    lost = WorkerLost(f"Worker {running.worker_name} died, or fell silent for too long, in attempt {record.attempts}.")
    return Ending(running, _report_of(record, lost), exception=lost)


def _report_of(record: Job, lost: WorkerLost) -> Report:
    limit = job_settings().MAX_RESCUES
    if record.rescues + 1 >= limit:
        text = f"{lost} The job took {record.rescues + 1} workers with it (MAX_RESCUES is {limit})."
        return Report(record.pk, record.claim_token, Outcome.FAILED, error=text, rescued=True)
    if record.attempts >= record.max_attempts:
        return Report(record.pk, record.claim_token, Outcome.FAILED, error=f"{lost} It was the last.", rescued=True)
    return Report(record.pk, record.claim_token, Outcome.RESCUED, error=str(lost), rescued=True)


def _running_of(record: Job, alias: str) -> Running:
    """Return the attempt that another worker began."""
    running = Running(_claim_of(record), _Silence(), str(record.worker or "unknown"), alias)
    running.started_at = record.started_at
    return running


def _claim_of(record: Job) -> Claim:
    waited = record.started_at - record.run_after if record.started_at else timedelta()
    return Claim._make([*(getattr(record, name) for name in CLAIM_COLUMNS), max(waited.total_seconds(), 0.0)])


class _Silence:
    """A dead attempt says nothing more."""

    def progressed(self, *_: Any, **__: Any) -> None:
        """Say nothing."""

    logged = emitted = progressed
