"""What waits to be written about running and ended jobs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ..attempt import Ending, Running
from ..store import Progress

ClaimKey = tuple[UUID, int]


def key_of(running: Running) -> ClaimKey:
    """Return what identifies a claim."""
    return running.claim.id, running.claim.claim_token


@dataclass
class Batch:
    """Endings, progress, log lines and events, to be written in one transaction."""

    endings: list[Ending] = field(default_factory=list)
    progress: dict[Running, Progress] = field(default_factory=dict)
    lines: list[tuple[Running, dict[str, Any]]] = field(default_factory=list)
    events: list[tuple[Running, dict[str, Any]]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.endings) + len(self.progress) + len(self.lines) + len(self.events)

    def extend(self, other: Batch) -> None:
        """Add what another batch holds."""
        self.endings += other.endings
        self.progress |= other.progress
        self.lines += other.lines
        self.events += other.events

    def talkers(self) -> set[Running]:
        """Return the attempts that lines and events are of."""
        return {running for running, _ in (*self.lines, *self.events)}

    def parts(self) -> dict[Running, Batch]:
        """Return a batch for each attempt."""
        parts: dict[Running, Batch] = defaultdict(Batch)
        for running, line in self.lines:
            parts[running].lines.append((running, line))
        for running, event in self.events:
            parts[running].events.append((running, event))
        for running, progress in self.progress.items():
            parts[running].progress[running] = progress
        for ending in self.endings:
            parts[ending.running].endings.append(ending)
        return parts
