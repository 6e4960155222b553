"""Why a worker ends, and the signals that tell it to."""

from __future__ import annotations

import enum
import math
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

GROUP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What a whole process group hears of, and only its first process shall obey."""

LAST_WORDS = 3.0
"""Seconds beyond the shutdown timeout in which what jobs said is written, and receivers are told."""

_forking = threading.local()


class StopReason(enum.StrEnum):
    """What ended a worker."""

    ASKED = "it was asked to stop"
    DRAINED = "nothing is due any more"
    MAX_JOBS = "it has run as many jobs as it was to"
    MAX_MEMORY = "it has taken more memory than it was to"
    LOST = "its heartbeat lapsed, and others have its jobs"
    CHANGED = "its code has changed"
    RESTART = "it was asked to start afresh"
    STUCK = "a handler never returned, so its thread was abandoned"

    @property
    def wants_restart(self) -> bool:
        """Whether the process should start afresh."""
        return self in {StopReason.LOST, StopReason.STUCK, StopReason.CHANGED, StopReason.RESTART}

    @property
    def can_wait(self) -> bool:
        """Whether running jobs may take as long as they do, since nobody waits for the end."""
        return self in {StopReason.DRAINED, StopReason.MAX_JOBS, StopReason.MAX_MEMORY, StopReason.STUCK}


class Deadline:
    """By when running jobs shall have ended: never, until somebody waits for the end; then after the timeout."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._asked_at = math.inf
        self.is_hurried = False

    def begin(self) -> None:
        """Count the timeout from now, or from when this was called first."""
        self._asked_at = min(self._asked_at, time.monotonic())

    def moment(self) -> float:
        """Return the deadline on the monotonic clock: long ago in a hurry, infinite while nobody waits."""
        return 0.0 if self.is_hurried else self._asked_at + self._timeout

    def left_for_last_words(self) -> float:
        """Return how many seconds a part may take to end: what the jobs left of the timeout, and a bit."""
        return LAST_WORDS + max(min(self.moment() - time.monotonic(), self._timeout), 0.0)


def memory_held() -> float:
    """Return the memory that this process holds now, in MB; where the system does not tell, the most it has held.

    The most survives a fresh start in the same process, and would end each new worker at its first job.
    """
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return peak_memory()
    return int(statm.read_text(encoding="ascii").split()[1]) * resource.getpagesize() / (1024 * 1024)


def peak_memory() -> float:
    """Return the most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def pass_signals_by() -> None:
    """Leave these signals to the parent: take them, and do nothing.

    They are not ignored, for programs that handlers start would inherit that, and could not be terminated.
    """
    for number in GROUP_SIGNALS:
        signal.signal(number, lambda *_: None)


def free_forks() -> None:
    """Give the signals back their usual meaning in processes that handlers fork, which inherit ours otherwise.

    They are held back meanwhile: one that came before would be lost, and its sender wait for ever.
    """
    os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_reset_signals)


def _hold_signals() -> None:
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, GROUP_SIGNALS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)


def _reset_signals() -> None:
    for number in GROUP_SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    _release_signals()
