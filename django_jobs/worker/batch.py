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
    progress: dict[ClaimKey, tuple[Running, Progress]] = field(default_factory=dict)
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

    def claims(self) -> set[ClaimKey]:
        """Return the claims that anything but an ending speaks of."""
        return {key_of(running) for running, _ in (*self.lines, *self.events)}

    def parts(self) -> dict[ClaimKey, Batch]:
        """Return a batch for each claim."""
        parts: dict[ClaimKey, Batch] = defaultdict(Batch)
        for running, line in self.lines:
            parts[key_of(running)].lines.append((running, line))
        for running, event in self.events:
            parts[key_of(running)].events.append((running, event))
        for key, progress in self.progress.items():
            parts[key].progress[key] = progress
        for ending in self.endings:
            parts[key_of(ending.running)].endings.append(ending)
        return parts
