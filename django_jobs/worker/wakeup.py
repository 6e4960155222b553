"""How long a worker sleeps that finds nothing, and how it is woken: from any thread, and from a signal handler."""

from __future__ import annotations

import os
import random
import select
import weakref
from contextlib import suppress

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
    """Like `threading.Event`, whose `set` could deadlock in a signal handler; a byte that is sent cannot.

    Whoever sleeps beside other descriptors waits for this one too.
    """

    def __init__(self) -> None:
        self._bell, self._button = pipe = os.pipe()
        for descriptor in pipe:
            os.set_blocking(descriptor, False)
            weakref.finalize(self, os.close, descriptor).atexit = False  # threads may call to the very end
        self._rings = select.poll()
        self._rings.register(self._bell, select.POLLIN)
        self._is_called = False

    def fileno(self) -> int:
        """Return the descriptor that can be read from once somebody has called."""
        return self._bell

    def wake(self) -> None:
        """End the sleep that is going on, or else the next one."""
        if not self._is_called:
            self._is_called = True
            with suppress(BlockingIOError):  # so many calls wait already
                os.write(self._button, b"!")

    def sleep(self, seconds: float) -> bool:
        """Sleep until woken, `seconds` at most; tell whether somebody called."""
        return bool(self._rings.poll(max(seconds, 0) * 1000)) and self.answer()

    def answer(self) -> bool:
        """Forget the calls so far; tell whether there were any."""
        try:
            return bool(os.read(self._bell, 4096))
        except BlockingIOError:
            return False
        finally:
            self._is_called = False  # a call before this line is answered by whatever follows the sleep
