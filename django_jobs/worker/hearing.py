"""Sleeping with one ear on the database, which may say that something changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from contextlib import suppress

from django.db import DatabaseError, InterfaceError

from ..store import Store
from ..store.listening import Listener
from .logger import logger
from .wakeup import Wakeup

AGAIN_AFTER = 5.0
BREATH = 0.004
"""Seconds of deafness after each piece of news: the worker looks at the table anyway."""
REST = 0.05
"""The same while the worker has all the work that it can take."""


class Hearing:
    """Sleep until somebody calls or the database does; where it cannot be listened to, that is left to polling."""

    def __init__(self, store: Store, wakeup: Wakeup) -> None:
        self._store = store
        self._wakeup = wakeup
        self._listener: Listener | None = None
        self._listens_at = 0.0 if store.can_listen else float("inf")
        self._hears_at = 0.0

    def sleep(self, seconds: float, *, is_full: bool) -> Collection[str] | None:
        """Sleep; return None unless there is news, and else the queues that it is of, where it says so."""
        try:
            return self._sleep(time.monotonic() + seconds, is_full=is_full)
        except Exception as error:
            is_outage = isinstance(error, DatabaseError | InterfaceError)
            logger.log(logging.DEBUG if is_outage else logging.WARNING, "not listening for a while", exc_info=error)
        self.stop()
        self._listens_at = time.monotonic() + AGAIN_AFTER
        return None

    def stop(self) -> None:
        """Listen no more."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(Exception):
                listener.close()

    def _sleep(self, until: float, *, is_full: bool) -> Collection[str] | None:
        if self._listener is None and time.monotonic() >= self._listens_at:
            self._listener = self._store.listener()
            return ()  # nobody has told of what was put there before
        deaf_until = self._listens_at if self._listener is None else self._hears_at
        if self._wakeup.sleep(min(until, deaf_until) - time.monotonic()) or self._listener is None:
            return None
        if not self._listener.hear(until - time.monotonic(), self._wakeup.fileno()):
            self._wakeup.answer()
            return None
        self._hears_at = time.monotonic() + (REST if is_full else BREATH)
        return self._listener.queue_names
