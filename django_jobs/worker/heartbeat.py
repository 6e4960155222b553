"""The worker's row: written at the start, kept warm, and asked for cancel requests."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Collection
from uuid import UUID

import django
from django.db import connections

from ..attempt import Running
from ..exceptions import CancelInterruption
from ..ids import uuid7
from ..models import Job
from ..models import Worker as WorkerRow
from ..settings import job_settings
from ..store import get_store
from .batch import key_of
from .logger import logger
from .outage import Guard
from .stopping import peak_memory

BEATS_PER_TIMEOUT = 6
CANCEL_CHECK = 0.5
"""Seconds between questions for cancel requests while jobs run."""


def register_worker(
    alias: str, queue_names: Collection[str], concurrency: int, worker_id: UUID | None = None
) -> WorkerRow:
    """Write the row of a worker that starts now, by the database's clock."""
    store = get_store(alias)
    hostname, pid = socket.gethostname(), os.getpid()
    row = WorkerRow(
        pk=worker_id or uuid7(),
        name=f"{hostname}:{pid}",
        hostname=hostname,
        pid=pid,
        queue_names=list(queue_names),
        concurrency=concurrency,
        version=f"{job_settings().RELEASE} Django {django.get_version()}".strip(),
    )
    with store.turn():
        row.started_at = row.heartbeat_at = store.now()
        row.save(using=alias, force_insert=True)
    return row


class Heartbeat:
    """A thread that says this worker lives, and hears which of its jobs were cancelled."""

    def __init__(
        self,
        alias: str,
        row: WorkerRow,
        attempts: Callable[[], Collection[Running]],
        on_lost: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        self._alias = alias
        self._row = row
        self._attempts = attempts
        self._on_lost = on_lost
        self._on_stop = on_stop
        self._stopped = threading.Event()
        self._guarded = Guard(logger, "no heartbeat: the database does not answer: %s")
        self._lease = job_settings().WORKER_TIMEOUT.total_seconds()
        self._beaten_at = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="django_jobs-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Say that the worker has stopped, and beat no more."""
        self._stopped.set()
        self._thread.join(5)

    def _work(self) -> None:
        interval = self._lease / BEATS_PER_TIMEOUT
        due = time.monotonic() + interval
        while not self._stopped.wait(min(CANCEL_CHECK, interval)):
            self._guarded(self.pass_cancels_on)
            if time.monotonic() >= due:
                due = time.monotonic() + interval
                self._guarded(self.beat)
        self._guarded(self._sign_off)
        connections.close_all()

    def beat(self) -> None:
        """Renew the heartbeat; a worker whose row is gone, stopped or lapsed has lost its jobs to others.

        The answer also tells whether somebody asked this worker to stop.
        """
        store = get_store(self._alias)
        with store.turn():
            beaten_at, now = time.monotonic(), store.now()
            rows = WorkerRow.objects.using(self._alias).alive(now).filter(pk=self._row.pk)
            news = {"heartbeat_at": now, "busy": len(self._attempts()), "memory": int(peak_memory())}
            if not rows.filter(stop_requested_at=None).update(**news):
                self._on_stop() if rows.update(**news) else self._on_lost()
        self._beaten_at = beaten_at

    def confirm(self) -> None:
        """Beat first, if the last beat is old: what a lapsed worker claims is taken from it at once, for an attempt."""
        if time.monotonic() - self._beaten_at > self._lease / 2:
            self.beat()

    def pass_cancels_on(self) -> None:
        """Interrupt the jobs that somebody cancelled."""
        attempts = {key_of(running): running for running in self._attempts() if running.interruption is None}
        if not attempts:
            return
        mine = Job.objects.using(self._alias).running().filter(worker_id=self._row.pk)
        asked = mine.filter(cancel_requested_at__isnull=False)
        for pk, token, reason in asked.values_list("pk", "claim_token", "cancel_reason"):
            if (pk, token) in attempts:
                attempts[pk, token].interrupt(CancelInterruption(reason))

    def _sign_off(self) -> None:
        now = get_store(self._alias).now()
        WorkerRow.objects.using(self._alias).filter(pk=self._row.pk, stopped_at=None).update(stopped_at=now)
