"""Hearing at once that there may be something to claim. Polling alone is correct; this makes it quick."""

from __future__ import annotations

import ctypes
import os
import select
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Collection
from pathlib import Path
from typing import Any

from django.db import connections

CHANNEL = "django_jobs"
WINDOW = 0.01
"""Seconds in which one process notifies no more than once; a worker that was woken looks often for longer."""
GLANCE = 0.004
"""Seconds between two looks at the version of an SQLite file that may just have changed."""
ALERT = 0.25
"""Seconds from the first write to a file within which its version is expected to change."""
IN_MODIFY = 2  # <sys/inotify.h>


class Listener(ABC):
    """Something that hears of changes, on a connection of its own; for one thread."""

    longest_pause = 5.0
    """Seconds after which it looks even though nothing has stirred."""
    queue_names: Collection[str] = ()
    """Where the jobs were put that the last news was of, if it says so."""

    def __init__(self, alias: str) -> None:
        self.connection: Any = connections.create_connection(alias)
        self._stirring = select.poll()
        try:
            self.connection.ensure_connection()
            self._begin()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _begin(self) -> None:
        """Set up what is listened with."""

    @abstractmethod
    def has_news(self) -> bool:
        """Tell, without waiting, whether something changed since this was asked before."""

    def hear(self, timeout: float, wakeup: int | None = None) -> bool:
        """Return True as soon as something changed; False when nothing did for `timeout` seconds.

        And False as soon as the descriptor `wakeup` can be read from.
        """
        if wakeup is not None:
            self._stirring.register(wakeup, select.POLLIN)
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            stirred = self._stirring.poll(min(left, self.longest_pause) * 1000)
            if any(descriptor == wakeup for descriptor, _ in stirred):
                return False
            if self.has_news():
                return True
        return False

    def close(self) -> None:
        """Listen no more."""
        self.connection.close()


class VersionListener(Listener):
    """Watch the data version of an SQLite file, which every commit of another connection raises.

    Where the system tells of writes to the file or its log, it is looked at only then: the version changes some time
    after the first write, when all is on the disk. Elsewhere, and for a file in memory, it is looked at all the time.
    """

    _writes: int | None = None
    _alert_until = 0.0

    def _begin(self) -> None:
        self._version = self._look()
        self._writes = self._watch_writes()

    def has_news(self) -> bool:
        """Compare the version with the last."""
        if self._writes is not None and self._take_writes(self._writes):
            self._alert_until = time.monotonic() + ALERT
        before, self._version = self._version, self._look()
        return self._version != before

    @property
    def longest_pause(self) -> float:  # type: ignore[override]
        """A moment while a commit may be on its way, else as long as polling takes anyway."""
        return GLANCE if self._writes is None or time.monotonic() < self._alert_until else ALERT

    def close(self) -> None:
        """Stop watching the file."""
        super().close()
        if self._writes is not None:
            os.close(self._writes)

    def _look(self) -> int:
        ((version,),) = self.connection.connection.execute("PRAGMA data_version")
        return int(version)

    def _watch_writes(self) -> int | None:
        """Ask Linux to tell of writes to the file and its log; return where it does, None where it cannot."""
        rows = self.connection.connection.execute("PRAGMA database_list")
        file = next((path for _, name, path in rows if name == "main"), "")
        paths = [os.fsencode(path) for path in (file, f"{file}-wal") if file and Path(path).exists()]
        if not paths or not sys.platform.startswith("linux"):
            return None
        libc = ctypes.CDLL(None)
        descriptor = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if descriptor < 0:  # a user may have only so many
            return None
        self._stirring.register(descriptor, select.POLLIN)
        watched = [libc.inotify_add_watch(descriptor, path, IN_MODIFY) >= 0 for path in paths]
        return descriptor if all(watched) else None

    @staticmethod
    def _take_writes(descriptor: int) -> bool:
        try:
            return bool(os.read(descriptor, 65536))
        except BlockingIOError:
            return False


class NotificationListener(Listener):
    """Wait for PostgreSQL's notifications."""

    def _begin(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        self._stirring.register(self.connection.connection.fileno(), select.POLLIN)

    def has_news(self) -> bool:
        """Read the notifications that have arrived."""
        with self.connection.wrap_database_errors:
            told = {notification.payload for notification in self.connection.connection.notifies(timeout=0)}
        self.queue_names = told - {""}
        return bool(told)


class Coalescer:
    """Lets one through per window of time."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._last = -window
        self._lock = threading.Lock()

    def passes(self) -> bool:
        """Tell whether the window since the last that passed is over, and begin another if so."""
        with self._lock:
            now = time.monotonic()
            if now - self._last < self._window:
                return False
            self._last = now
            return True
