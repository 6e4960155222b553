"""Writing a batch down, behind the fence: what no longer holds its claim changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from ..attempt import Ending, Running
from ..models import Attempt, Job, JobEvent, JobLog
from ..signals import job_logged
from ..states import JobStatus, Outcome
from ..store import Progress, Store
from ..texts import portions
from .batch import Batch, key_of
from .logger import logger

MOST_TEXT = 1_000_000
"""Characters of messages in one statement: MySQL takes 16 MB if nobody changed it."""
MOST_LINES = 500


@dataclass
class Written:
    """What of a batch is committed."""

    endings: list[tuple[Ending, JobStatus]] = field(default_factory=list)
    progress: list[tuple[UUID, Progress]] = field(default_factory=list)
    lines: list[JobLog] = field(default_factory=list)
    events: list[JobEvent] = field(default_factory=list)


def write(store: Store, batch: Batch) -> Written:
    """Write a batch in one transaction; return what stood behind its claims."""
    if not (batch.progress or batch.lines or batch.events) and not any(map(_leaves_attempt, batch.endings)):
        written = _write_endings(store, batch)
    else:
        with store.transaction():
            written = _write_all(store, batch)
    _report_lost(batch, written)
    return written


def _write_all(store: Store, batch: Batch) -> Written:
    carried = _carried(batch)
    _lock(store, batch, carried)
    progress = _write_progress(store, batch, carried)
    written = _write_endings(store, batch, carried)
    runs = [ending.running for ending, _ in written.endings]
    ended = set(runs)
    written.progress = progress + [(run.claim.id, batch.progress[run]) for run in runs if run in carried]
    standing = ended | _standing(store, batch.talkers() - ended)
    written.lines = _insert_lines(store, batch, standing)
    written.events = _insert_events(store, batch, standing)
    _insert_attempts(store, written)
    return written


def _lock(store: Store, batch: Batch, carried: AbstractSet[Running]) -> None:
    """Lock all rows in one order where two statements are to come: two orders could wait for each other."""
    alone = batch.progress.keys() - carried
    if alone and batch.endings:
        store.lock({running.claim.id for running in alone} | {ending.report.id for ending in batch.endings})


def _carried(batch: Batch) -> AbstractSet[Running]:
    """Return whose progress is written together with the completion, so that the row changes once and not twice."""
    if any(ending.is_written or _leaves_attempt(ending) for ending in batch.endings):
        return set()
    return batch.progress.keys() & {ending.running for ending in batch.endings}


def _write_endings(store: Store, batch: Batch, carried: AbstractSet[Running] = frozenset()) -> Written:
    """Write the endings; of several of one job, which was rescued and claimed again, only the last can stand."""
    by_token = sorted(batch.endings, key=lambda ending: ending.report.claim_token)
    latest = {ending.report.id: ending for ending in by_token}
    current = [ending for ending in batch.endings if latest[ending.report.id] is ending]
    told = {pk: batch.progress[last.running] for pk, last in latest.items() if last.running in carried}
    statuses = store.finish([ending.report for ending in current if not ending.is_written], told)
    statuses |= {ending.report.id: ending.report.status for ending in current if ending.is_written}
    return Written([(ending, statuses[ending.report.id]) for ending in current if ending.report.id in statuses])


def _standing(store: Store, runs: Collection[Running]) -> set[Running]:
    if not runs:
        return set()
    ids = [running.claim.id for running in runs]
    held = set(Job.objects.using(store.alias).filter(pk__in=ids).values_list("pk", "claim_token"))
    return {running for running in runs if key_of(running) in held}


def _write_progress(store: Store, batch: Batch, carried: AbstractSet[Running]) -> list[tuple[UUID, Progress]]:
    """Write the latest that each other job reported; of two claims of one job, only the later can stand."""
    latest = {running.claim.id: running for running in sorted(batch.progress.keys() - carried, key=key_of)}
    rows = [(pk, running.claim.claim_token, *batch.progress[running]) for pk, running in latest.items()]
    stood = store.progress(rows) if rows else ()
    return [(pk, batch.progress[latest[pk]]) for pk in sorted(stood)]


def _insert_lines(store: Store, batch: Batch, standing: set[Running]) -> list[JobLog]:
    """Write log lines; return them as rows, which take longer to make, where receivers ask for these."""
    said = [(run.claim.id, line) for run, line in batch.lines if run in standing]
    rows: list[JobLog] = []
    for portion in portions(said, lambda each: len(each[1]["message"]), MOST_LINES, MOST_TEXT):
        if job_logged.receivers:
            lines = [JobLog(job_id=pk, **line) for pk, line in portion]
            rows += JobLog.objects.using(store.alias).bulk_create(lines)
        else:
            store.insert_lines(portion)
    return rows


def _insert_events(store: Store, batch: Batch, standing: set[Running]) -> list[JobEvent]:
    events = [JobEvent(job_id=run.claim.id, **event) for run, event in batch.events if run in standing]
    return JobEvent.objects.using(store.alias).bulk_create(events) if events else []


def _leaves_attempt(ending: Ending) -> bool:
    return ending.report.outcome is not Outcome.COMPLETED


def _insert_attempts(store: Store, written: Written) -> None:
    ended = [ending for ending, _ in written.endings if _leaves_attempt(ending)]
    if ended:
        now = store.now()
        _forget_snoozes(store, [ending.report.id for ending in ended if ending.report.outcome is Outcome.SNOOZE])
        Attempt.objects.using(store.alias).bulk_create([
            Attempt(
                job_id=ending.report.id,
                number=ending.running.claim.attempts,
                claim_token=ending.report.claim_token,
                outcome=ending.report.outcome,
                error=ending.report.error,
                traceback=ending.traceback,
                worker_name=ending.running.worker_name,
                started_at=ending.running.started_at or now - timedelta(seconds=ending.running.age),
                ended_at=now,
            )
            for ending in ended
        ])  # fmt: skip


def _forget_snoozes(store: Store, ids: list[UUID]) -> None:
    """Keep only the last snooze of a job, which may wait for its handler, or for something else, all day."""
    if ids:
        Attempt.objects.using(store.alias).filter(job_id__in=ids, outcome=Outcome.SNOOZE).delete()


def _report_lost(batch: Batch, written: Written) -> None:
    kept = {id(ending) for ending, _ in written.endings}
    for ending in batch.endings:
        if id(ending) not in kept and not ending.report.rescued:  # of two rescuers, one is always late
            logger.warning(
                "job %s %s was taken from this worker; not written: %s %s",
                ending.running.claim.name, ending.report.id, ending.report.outcome.value, ending.report.error,
                extra={"job_id": str(ending.report.id), "outcome": ending.report.outcome.value},
            )  # fmt: skip
