"""A worker without threads: it claims, runs and writes in the caller's thread, on the caller's connection."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from ..attempt import Running, run_attempt
from ..attempt.capture import install_capture
from ..handlers import Handler
from ..ids import uuid7
from ..models import Job
from ..querysets import jobs_database
from ..signals import job_started
from ..store import Claim, Progress, get_store
from ..worker.batch import Batch
from ..worker.claiming import Claimer
from ..worker.telling import Fact, facts_of, failures_of, log_endings, log_started, tell
from ..worker.writing import Written, write

WORKER_NAME = "run_jobs"
MOST_ATTEMPTS = 10_000
"""After so many, jobs are taken to follow each other for ever."""


def run_jobs(*queue_names: str, limit: int | None = None, scheduled: bool = False) -> list[Job]:
    """Run all due jobs of these queues (or of all), one after the other; return them as they ended, in that order.

    Jobs that these enqueue run too. A retry waits for its backoff as it would in production: with `scheduled=True`
    everything scheduled counts as due, so that each job runs to its end. `limit` stops after so many attempts; without
    it, raise RuntimeError after 10,000. Limits of time are not enforced: a timeout needs a worker.
    """
    alias = jobs_database()
    install_capture()
    claimer = Claimer(get_store(alias), uuid7(), queue_names)
    ran: dict[Any, None] = {}
    for _ in range(MOST_ATTEMPTS if limit is None else limit):
        if scheduled:
            Job.objects.using(alias).scheduled().run_now()
        claims = claimer.claim(1)
        if not claims:
            break
        _run(claims[0], alias)
        ran[claims[0].id] = None
    else:
        _check_end(limit, list(ran))
    rows = Job.objects.using(alias).in_bulk(list(ran))
    return [rows[pk] for pk in ran if pk in rows]


def _check_end(limit: int | None, ran: list[Any]) -> None:
    if limit is None:
        raise RuntimeError(
            f"run_jobs() made {MOST_ATTEMPTS:,} attempts without an end; the last job that came was {ran[-1]}. "
            "Does a handler put its job off, or enqueue another, for ever? With a limit, run_jobs() just stops there."
        )


def run_job(record: Job) -> Job:
    """Run everything that is due or scheduled, this job and its retries included; return it, refreshed."""
    run_jobs(scheduled=True)
    record.refresh_from_db()
    return record


def enqueued_jobs(handler: Handler[..., Any] | str | None = None) -> QuerySet[Job]:
    """Return the jobs that have not finished, of one handler or of all, oldest first."""
    jobs = Job.objects.unfinished().order_by("id")
    return jobs.named(handler) if handler else jobs


def _run(claim: Claim, alias: str) -> None:
    sink = DirectSink(alias)
    running = Running(claim, sink, WORKER_NAME, alias)
    log_started(running)
    if job_started.receivers:
        tell(alias, [Fact(job_started, claim.id, {"attempt": claim.attempts})], [])
    ending = run_attempt(running)
    sink.write(Batch(endings=[ending]))


class DirectSink:
    """Write what a handler says at once."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def progressed(self, running: Running, current: float, total: float, message: str) -> None:
        """Write progress."""
        self.write(Batch(progress={running: Progress(current, total, message)}))

    def logged(self, running: Running, line: dict[str, Any]) -> None:
        """Write a log line."""
        self.write(Batch(lines=[(running, line)]))

    def emitted(self, running: Running, event: dict[str, Any]) -> None:
        """Write an event."""
        self.write(Batch(events=[(running, event)]))

    def write(self, batch: Batch) -> Written:
        """Write a batch and tell of it."""
        written = write(get_store(self._alias), batch)
        log_endings(written)
        tell(self._alias, facts_of(written), failures_of(written))
        return written
