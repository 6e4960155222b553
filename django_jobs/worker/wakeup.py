"""A sleep that can be cut short from any thread, and from a signal handler."""

from __future__ import annotations

import queue


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
