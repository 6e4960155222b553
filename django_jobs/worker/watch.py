"""Limits that hold: the thread that stops handlers that run too long, and gives up on those that will not stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from ..attempt import Running
from ..exceptions import TimeoutInterruption
from .logger import logger

TICK = 0.1
GRACE = 5.0
"""Seconds that an interrupted handler has to end before its thread is abandoned."""


class Watch:
    """Look at all running attempts ten times a second."""

    def __init__(self, attempts: Callable[[], Collection[Running]], abandon: Callable[[Running], None]) -> None:
        self._attempts = attempts
        self._abandon = abandon
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._work, name="django_jobs-watch", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    def _work(self) -> None:
        while not self._stopped.wait(TICK):
            for running in self._attempts():
                self._look_unharmed(running)

    def _look_unharmed(self, running: Running) -> None:
        """Look at an attempt; whatever goes wrong with it, the limits of all others hold."""
        try:
            self.look_at(running)
        except Exception:
            logger.exception("job %s %s could not be stopped", running.claim.name, running.claim.id)

    def look_at(self, running: Running) -> None:
        """Interrupt an attempt over its limit; abandon one that was interrupted and goes on."""
        limit = running.limit
        if running.interrupted_at is not None:
            if time.monotonic() - running.interrupted_at > GRACE and not running.insist():
                self._abandon(running)
        elif limit and running.seconds > limit:
            running.interrupt(TimeoutInterruption(f"Timed out: the attempt ran longer than its limit of {limit:g} s."))
