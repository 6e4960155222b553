"""How long a worker sleeps that finds nothing, and how it is woken: from any thread, and from a signal handler."""

from __future__ import annotations

import queue
import random

SHORTEST_PAUSE = 0.005
GROWTH_TOLD, GROWTH_UNTOLD = 3.0, 1.25


class Pauses:
    """Seconds between two looks, longer and longer up to `longest`, and a little at random.

    Where nobody tells of jobs, a pause is a fifth of the time since the last were found.
    """

    def __init__(self, longest: float, *, is_told: bool) -> None:
        self._longest = longest
        self._growth = GROWTH_TOLD if is_told else GROWTH_UNTOLD
        self.begin()

    def begin(self) -> None:
        """Be short again: something was found, or told of."""
        self._seconds = SHORTEST_PAUSE

    def next(self) -> float:
        """Return the next pause, in seconds."""
        seconds, self._seconds = self._seconds, min(self._seconds * self._growth, self._longest)
        return seconds * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load


class Wakeup:
    """Like `threading.Event`, whose `set` could deadlock in a signal handler; a SimpleQueue's `put` cannot."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wake(self) -> None:
        """End the sleep that is going on, or else the next one."""
        if self._calls.empty():
            self._calls.put(None)

    def sleep(self, seconds: float) -> None:
        """Sleep until woken, `seconds` at most."""
        try:
            self._calls.get(timeout=max(seconds, 0))
            while True:
                self._calls.get_nowait()
        except queue.Empty:
            return
