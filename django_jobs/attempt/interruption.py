"""Raising an exception in another thread, and only while it runs a handler."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from types import FrameType

from django.db.transaction import Atomic

from ..exceptions import Interruption

_raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in_thread.argtypes = (ctypes.c_ulong, ctypes.py_object)

TAKING = frozenset({
    "__enter__", "__exit__", "acquire", "release", "_acquire_restore", "_release_save",
    "_acquireLock", "_releaseLock", "handle", "flush", "isEnabledFor", "getLogger",
})  # fmt: skip
"""Functions, of `threading` and `logging` above all, that take or give back a lock outside of any `try`."""
ENDING_TRANSACTION = Atomic.__exit__.__code__
"""Between its first steps and the rollback: what is left out then is committed by SQLite and MySQL."""
LOOKS = 200
PAUSE = 0.001


class TakenBack(BaseException):
    """Takes the place of an interruption that may have come too late."""


class Interruptible:
    """The stretch of a thread in which a handler runs.

    The two sides share no lock, since an exception may arrive between any two steps of the interrupted thread and
    would leave a lock behind. Instead each announces itself first and looks at the other second: the interrupter
    sets `interruption`, then looks whether the thread has left; the thread sets `_has_left`, then looks whether an
    interruption is on its way, and takes it back.
    """

    def __init__(self) -> None:
        self.interruption: Interruption | None = None
        self._thread_id: int | None = None
        self._has_left = False
        self._is_settled = False
        self._has_insisted = False
        self._one_interrupter = threading.Lock()

    def enter(self) -> None:
        """Begin the stretch, in the thread that is to be interrupted; raise what interrupted it before."""
        self._thread_id = threading.get_ident()
        if self.interruption is not None:
            raise self.interruption

    def interrupt(self, interruption: Interruption) -> bool:
        """Raise an exception of this class inside the stretch; False if it was interrupted before or has ended."""
        with self._one_interrupter:
            if self.interruption is not None or self._has_left:
                return False
            self.interruption = interruption
            self._deliver(interruption)
            return True

    def insist(self) -> bool:
        """Raise it once more, for Python swallows what arrives in a `__del__` or a callback of the collector."""
        with self._one_interrupter:
            if self.interruption is None or self._has_left or self._has_insisted:
                return False
            self._has_insisted = True
            self._deliver(self.interruption)
            return True

    def _deliver(self, interruption: Interruption) -> None:
        self._is_settled = False
        if self._thread_id is not None and not self._has_left:
            self._raise_considerately(self._thread_id, interruption)
        self._is_settled = True

    def _raise_considerately(self, thread_id: int, interruption: Interruption) -> None:
        """Raise it at a moment when it leaves nothing half done, or else after a fraction of a second."""
        for _ in range(LOOKS):
            # after a sleep this thread has the interpreter for itself long enough to look and to raise
            time.sleep(PAUSE)
            if self._has_left or not is_delicate(sys._current_frames().get(thread_id)):  # noqa: SLF001 - the documented way
                break
        _raise_in_thread(thread_id, ctypes.py_object(type(interruption)))

    def leave(self) -> None:
        """End the stretch: after this returns, no interruption can arrive."""
        while True:
            try:
                self._has_left = True
                self._take_back()
            except Interruption:
                continue
            return

    def resume(self) -> None:
        """Go on with a stretch that was left for a moment: from here on an interruption can arrive again."""
        self._has_left = False

    def _take_back(self) -> None:
        if self.interruption is None:
            return
        while not self._is_settled:
            time.sleep(0)
        if self._thread_id is None:
            return
        try:
            # something in its place, and not just nothing: once an exception is withdrawn, Python 3.11 loops for
            # ever in the next function that a tracer (coverage, a debugger) looks at; and again, until it arrives
            while True:
                _raise_in_thread(self._thread_id, ctypes.py_object(TakenBack))
                time.sleep(0)
        except TakenBack:
            return


def is_delicate(frame: FrameType | None) -> bool:
    """Tell whether an exception raised here would leave a lock behind, or half a transaction."""
    if frame is not None and frame.f_code.co_name in TAKING:
        return True
    while frame is not None and frame.f_code is not ENDING_TRANSACTION:
        frame = frame.f_back
    return frame is not None
