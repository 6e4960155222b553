"""The thread that runs receivers, so that a slow one holds up no outcome."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress

from django.db import connections

from ..attempt import Ending
from .care import ConnectionCare
from .logger import logger
from .telling import Fact, facts_of, failures_of, tell
from .writing import Written

Message = tuple[list[Fact], list[Ending]]
CAPACITY = 1000
PATIENCE = 5.0
"""Seconds that outcomes wait for slow receivers before these are told no more."""


class Notifier:
    """Tell of what was written, in order, in a thread of its own that starts when there is somebody to tell."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._messages: queue.Queue[Message | None] = queue.Queue(CAPACITY)
        self._thread: threading.Thread | None = None
        self._gave_up = False
        self._reads_rows = False
        """Whether receivers ask for more of completed jobs than the worker knows."""
        self._untold = 0
        """How many facts were dropped since receivers are stuck."""

    def tell(self, written: Written) -> None:
        """Pass on what was written; wait a while when receivers are a thousand flushes behind."""
        self.pass_on(facts_of(written), failures_of(written), PATIENCE)

    def pass_on(self, facts: list[Fact], failures: list[Ending], patience: float = 0.0) -> None:
        """Queue signals and callbacks; drop them, and say so, when there is no place for `patience` seconds.

        A receiver that never returns must not keep what jobs came to from being written.
        """
        if not facts and not failures:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="django_jobs-notifier", daemon=True)
            self._thread.start()
        try:
            self._messages.put((facts, failures), timeout=0 if self._untold else patience)
        except queue.Full:
            self._drop(len(facts) + len(failures))
            return
        if self._untold:
            logger.error("receivers take signals again; %d were dropped", self._untold)
            self._untold = 0

    def _drop(self, count: int) -> None:
        if not self._untold:
            logger.error("receivers of signals are stuck, or far too slow: signals are dropped until they are not")
        self._untold += count

    def stop(self, timeout: float) -> None:
        """Tell what is left, for `timeout` seconds at most."""
        if self._thread is None:
            return
        with suppress(queue.Full):
            self._messages.put(None, timeout=timeout)
            self._thread.join(timeout)
        if self._thread.is_alive():
            self._gave_up = True
            logger.warning("signal receivers did not end within %.0f s", timeout)

    def _work(self) -> None:
        care = ConnectionCare()
        while not self._gave_up and (message := self._messages.get()) is not None:
            try:
                care.before()
                self._reads_rows = tell(self._alias, *message, reads_rows=self._reads_rows)
            except BaseException:  # a receiver that calls sys.exit() must not silence the others
                logger.exception("telling of jobs failed")
                connections.close_all()
            care.after()
        connections.close_all()
