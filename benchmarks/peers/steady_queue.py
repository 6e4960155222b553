"""steady-queue, a port of Solid Queue, as a backend of Django's own tasks."""

from __future__ import annotations

from benchmarks.peers.tasks_db import fill, noop, prepare, send, stamped

__all__ = ["fill", "noop", "prepare", "send", "stamped"]
