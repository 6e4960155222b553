"""The thread that wakes the worker when the database says that something changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from django.db import DatabaseError, InterfaceError, connections

from ..store import Store
from ..store.listening import Listener
from .logger import logger

AGAIN_AFTER = 5.0
BREATH = 0.004
"""Seconds of deafness after each piece of news: the worker looks at the table anyway."""
REST = 0.05
"""The same while the worker has all the work that it can take."""


class Hearing:
    """Listen until stopped; where the database cannot be listened to, do nothing, and leave it to polling."""

    def __init__(self, store: Store, on_heard: Callable[[Collection[str]], None], is_full: Callable[[], bool]) -> None:
        self._store = store
        self._on_heard = on_heard
        self._is_full = is_full
        self._stopped = threading.Event()
        self._listener: Listener | None = None
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="django_jobs-hearing", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        if self._store.can_listen:
            self._thread.start()

    def stop(self) -> None:
        """Listen no more, and let go of the connection."""
        self._stopped.set()
        with self._closing:
            if self._listener is not None:
                self._listener.interrupt()
        if self._thread.is_alive():
            self._thread.join(1)

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except (DatabaseError, InterfaceError) as error:
                logger.debug("not listening for a while: %s", error)
            except Exception:
                logger.warning("listening failed, polling goes on", exc_info=True)
            connections.close_all()
            self._stopped.wait(AGAIN_AFTER)

    def _listen(self) -> None:
        listener = self._listener = self._store.listener()
        try:
            self._on_heard(())
            while not self._stopped.is_set():
                if listener.hear(AGAIN_AFTER):
                    self._on_heard(listener.queue_names)
                    self._stopped.wait(REST if self._is_full() else BREATH)
        finally:
            with self._closing:
                self._listener = None
            listener.close()
