"""Attempts without a worker or a database: a claim, a sink that remembers, and one run of a handler."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django_jobs.attempt import Ending, Running, run_attempt
from django_jobs.handlers import Handler
from django_jobs.ids import uuid7
from django_jobs.store import Claim


def claim_of(handler: Handler[..., Any] | str, **fields: Any) -> Claim:
    """Return the claim of a job that a worker has just taken."""
    usual: dict[str, Any] = {
        "id": uuid7(),
        "claim_token": 1,
        "name": handler if isinstance(handler, str) else handler.name,
        "queue_name": "default",
        "priority": 0,
        "args": [],
        "kwargs": {},
        "attempts": 1,
        "max_attempts": 3,
        "timeout": timedelta(minutes=5),
        "owner": "",
        "rescues": 0,
        "waited": 0.0,
    }
    return Claim(**{**usual, **fields})


@dataclass
class Notebook:
    """A sink that keeps what it is told."""

    progress: list[tuple[float, float, str]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, Any]] = field(default_factory=list)

    def progressed(self, running: Running, current: float, total: float, message: str) -> None:
        self.progress.append((current, total, message))

    def logged(self, running: Running, line: dict[str, Any]) -> None:
        self.lines.append(line)

    def emitted(self, running: Running, event: dict[str, Any]) -> None:
        self.events.append((event["name"], event["data"]))


def running_of(handler: Handler[..., Any] | str, **fields: Any) -> Running:
    return Running(claim_of(handler, **fields), Notebook(), "host:1")


def attempt(handler: Handler[..., Any] | str, **fields: Any) -> Ending:
    """Run a handler once, in this thread."""
    return run_attempt(running_of(handler, **fields))
