"""Counting what ran, from inside any queue's worker, at the cost of some hundred nanoseconds.

This module and `inside` are imported by the workers of all contestants, each in its own virtual environment: the
standard library is all they use.
"""

from __future__ import annotations

import itertools
import mmap
import os
import struct
import threading
import time
from pathlib import Path

COUNT = struct.Struct("<Q")
THREADS = 512
"""The most threads of one process that may count."""
MARKS = "marks"


class Counter:
    """Numbers of this process, one for each thread, in a file that others read while they grow."""

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._own = threading.local()
        self._places = itertools.count(0, COUNT.size)
        self._opening = threading.Lock()
        self._map: mmap.mmap | None = None

    def add(self, number: int) -> None:
        """Raise this thread's number."""
        own = self._own
        try:
            own.value += number
        except AttributeError:
            own.map, own.place, own.value = self._opened(), next(self._places), number
        COUNT.pack_into(own.map, own.place, own.value)

    def _opened(self) -> mmap.mmap:
        with self._opening:
            if self._map is None:
                with (folder() / f"{os.getpid()}.count").open("w+b") as file:
                    file.truncate(COUNT.size * THREADS)
                    self._map = mmap.mmap(file.fileno(), 0)
            return self._map


_counter = Counter()
count = _counter.add


def folder() -> Path:
    """Return where the contestant's workers leave their counts and marks."""
    return Path(os.environ["BENCH_TALLY"])


def mark(sent: float) -> None:
    """Write down when a job was sent and that its handler begins now, both on this host's monotonic clock."""
    began = time.monotonic()
    with (folder() / MARKS).open("ab", buffering=0) as file:
        file.write(f"{sent!r} {began!r}\n".encode())


def read_counts(path: Path) -> list[int]:
    """Return how many jobs each process has run so far."""
    return [sum(count for (count,) in COUNT.iter_unpack(file.read_bytes())) for file in path.glob("*.count")]


def read_marks(path: Path) -> list[tuple[float, float]]:
    """Return the marks so far: when each job was sent, and when its handler began."""
    file = path / MARKS
    lines = file.read_text(encoding="ascii").splitlines(keepends=True) if file.exists() else []
    pairs = [line.split() for line in lines if line.endswith("\n")]
    return [(float(sent), float(began)) for sent, began in pairs]
