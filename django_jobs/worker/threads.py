"""The thread executor: many jobs side by side in one process."""

from __future__ import annotations

import queue
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from ..attempt import Ending, Running, run_attempt
from .processes import run_in_process

IDLE_BEFORE_CHECK = 5.0
"""Seconds after which a thread asks its connections whether they still stand."""
LONGEST_LIFE = 600.0
"""Seconds after which a thread's connections are made anew."""

OnStarted = Callable[[Running], None]
OnEnded = Callable[[Ending], None]


class ThreadExecutor:
    """A fixed number of threads that take jobs from one line; an abandoned thread is replaced."""

    def __init__(self, size: int, on_started: OnStarted, on_ended: OnEnded) -> None:
        self.size = size
        self._on_started = on_started
        self._on_ended = on_ended
        self._line: queue.SimpleQueue[Running | None] = queue.SimpleQueue()
        self._started = 0

    def submit(self, running: Running) -> None:
        """Run a job when a thread is free."""
        if self._started < self.size:
            self._start_thread()
        self._line.put(running)

    @property
    def waiting(self) -> int:
        """How many jobs no thread has begun."""
        return self._line.qsize()

    def drop_waiting(self) -> list[Running]:
        """Take back the jobs that no thread has begun."""
        dropped: list[Running] = []
        with suppress(queue.Empty):
            while (running := self._line.get_nowait()) is not None:
                dropped.append(running)
        return dropped

    def replace_abandoned(self) -> None:
        """Start a thread in place of one whose handler never returns."""
        self._start_thread()
        self._started -= 1

    def stop(self) -> None:
        """Let threads end when they are free."""
        for _ in range(self._started):
            self._line.put(None)

    def _start_thread(self) -> None:
        self._started += 1
        threading.Thread(target=self._work, name=f"django_jobs-{self._started}", daemon=True).start()

    def _work(self) -> None:
        care = ConnectionCare()
        while (running := self._line.get()) is not None:
            care.before()
            self._on_started(running)
            ending = run_in_process(running) if _wants_process(running) else run_attempt(running)
            care.after(ending)
            if not running.settle():
                break
            self._on_ended(ending)
        connections.close_all()


def _wants_process(running: Running) -> bool:
    return running.handler is not None and running.handler.options.executor == "process"


class ConnectionCare:
    """Keep a thread's connections between jobs, but not broken, half-used or old ones.

    Django's `close_old_connections` after every job would connect anew each time when `CONN_MAX_AGE` is 0.
    """

    def __init__(self) -> None:
        self._born = self._used = time.monotonic()
        self._connections = list(connections.all(initialized_only=True))
        _of_this_thread.opened = self._connections

    def before(self) -> None:
        """Drop connections that died while the thread was idle, and those that are old."""
        now = time.monotonic()
        if now - self._born > LONGEST_LIFE:
            self._drop(self._connections)
            self._born = now
        else:
            self._close_dead(asks_all=now - self._used > IDLE_BEFORE_CHECK)
        self._used = now

    def is_due(self) -> bool:
        """Tell, without a round trip and from any thread, whether `before` may find something to do."""
        opened = [connection for connection in self._connections.copy() if connection.connection is not None]
        was_idle = time.monotonic() - self._used > IDLE_BEFORE_CHECK
        return bool(opened) and (was_idle or any(_was_spoken_to(connection.connection) for connection in opened))

    def after(self, ending: Ending) -> None:
        """Drop what a handler left in a doubtful state."""
        self._used = time.monotonic()
        was_interrupted = ending.running.interruption is not None
        self._drop([each for each in self._connections if was_interrupted or _is_doubtful(each)])

    def _close_dead(self, *, asks_all: bool) -> None:
        """Close connections that do not answer; without `asks_all`, ask only those that show signs of it."""
        opened = [connection for connection in self._connections if connection.connection is not None]
        asked = [connection for connection in opened if asks_all or _was_spoken_to(connection.connection)]
        self._drop([connection for connection in asked if not connection.is_usable()])

    def _drop(self, dropped: list[BaseDatabaseWrapper]) -> None:
        """Close connections and forget them: one that is closed inside an atomic block would never connect again."""
        for connection in dropped.copy():
            with suppress(Exception):
                connection.close()
            with suppress(AttributeError):
                del connections[connection.alias]
            self._connections.remove(connection)


_of_this_thread = threading.local()
"""Its `opened`, in a thread of ours: to ask Django for a thread's connections takes longer than a small job."""


@receiver(connection_created, dispatch_uid="django_jobs-connection-care")
def _note_opened(connection: BaseDatabaseWrapper, **_: Any) -> None:
    opened = opened_here()
    if opened is not None and connection not in opened:
        opened.append(connection)


def opened_here() -> list[BaseDatabaseWrapper] | None:
    """Return the connections of this thread; None where nobody cares for them."""
    return getattr(_of_this_thread, "opened", None)


def _is_doubtful(connection: BaseDatabaseWrapper) -> bool:
    if connection.in_atomic_block or connection.closed_in_transaction:
        return True
    return connection.connection is not None and (connection.errors_occurred or not connection.get_autocommit())


def _was_spoken_to(driver: Any) -> bool:
    """Tell, without a round trip, whether the server said something unasked on an idle connection: a farewell, mostly.

    A job that met a connection cut a moment ago would lose an attempt to it.
    """
    if not hasattr(driver, "fileno"):
        return False
    try:
        said = select.poll()
        said.register(driver.fileno(), select.POLLIN)
        return bool(said.poll(0))
    except Exception:  # noqa: BLE001 - each driver has its own error for a connection that is closed
        return True
