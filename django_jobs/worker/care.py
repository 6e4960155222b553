"""The connections of a thread that runs code of the project, one piece after the other."""

from __future__ import annotations

import select
import threading
import time
from contextlib import suppress
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

IDLE_BEFORE_CHECK = 5.0
"""Seconds after which a thread asks its connections whether they still stand."""
LONGEST_LIFE = 600.0
"""Seconds after which a thread's connections are made anew."""


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

    def after(self, *, was_interrupted: bool = False) -> None:
        """Drop what a handler or receiver left in a doubtful state."""
        self._used = time.monotonic()
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
