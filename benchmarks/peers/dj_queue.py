"""dj-queue, a backend of Django's own tasks."""

from __future__ import annotations

from typing import Any

from benchmarks.inside import ARGUMENTS, timed
from benchmarks.peers.tasks_db import noop, prepare, send, stamped

__all__ = ["fill", "noop", "prepare", "send", "stamped"]


def fill(total: int, kind: str = "noop") -> float:
    """Enqueue in one call of its bulk interface."""
    backend: Any = noop.get_backend()
    return timed(lambda: backend.enqueue_all([(noop, [], ARGUMENTS) for _ in range(total)]))
