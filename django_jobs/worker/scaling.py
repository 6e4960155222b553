"""How many worker processes there should be, by how long due jobs wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LATE = timedelta(seconds=2)
"""Due jobs that wait longer than this ask for another process."""
IDLE_ROUNDS = 15
"""Looks without a waiting job after which a process too many is stopped."""


@dataclass
class Range:
    """How many processes there may be."""

    lowest: int
    highest: int


class Scaling:
    """One process more at each look that finds jobs waiting, and one less after a quiet time."""

    def __init__(self, processes: Range) -> None:
        self.processes = processes
        self.wanted = processes.lowest
        self._idle_rounds = 0

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to decide."""
        return self.processes.lowest == self.processes.highest

    def look(self, waited: timedelta | None) -> None:
        """Take note of how long the oldest due job has waited, None without one."""
        if waited is not None and waited > LATE:
            self._idle_rounds = 0
            self.wanted = min(self.wanted + 1, self.processes.highest)
            return
        self._idle_rounds = self._idle_rounds + 1 if waited is None else 0
        if self._idle_rounds >= IDLE_ROUNDS and self.wanted > self.processes.lowest:
            self._idle_rounds = 0
            self.wanted -= 1
