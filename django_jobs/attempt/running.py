"""An attempt while it lasts."""

from __future__ import annotations

import contextvars
import threading
import time
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from ..current import running_job_id
from ..exceptions import CancelInterruption, Interruption
from ..handlers import Handler, find_handler
from ..masking import hide
from ..settings import job_settings
from ..store import Claim, Report
from .interruption import Interruptible

_current: contextvars.ContextVar[Running | None] = contextvars.ContextVar("django_jobs_running", default=None)


class Sink(Protocol):
    """Where an attempt's words go while it runs."""

    def progressed(self, running: Running, current: float, total: float, message: str) -> None:
        """Take a report of progress."""

    def logged(self, running: Running, line: dict[str, Any]) -> None:
        """Take the fields of a JobLog."""

    def emitted(self, running: Running, event: dict[str, Any]) -> None:
        """Take the fields of a JobEvent."""


class Stopper(Protocol):
    """How to stop a handler that runs where no exception can be raised from here."""

    def ask(self) -> None:
        """Have it end by itself."""

    def force(self) -> bool:
        """End it; False where that is beyond this stopper."""


class Running:
    """One claimed job and all that its attempt shares between threads."""

    def __init__(self, claim: Claim, sink: Sink, worker_name: str = "", alias: str = "default") -> None:
        self.claim = claim
        self.sink = sink
        self.worker_name = worker_name
        self.alias = alias
        self.handler: Handler[..., Any] | None = find_handler(claim.name)
        self.stretch = Interruptible()
        self.stopper: Stopper | None = None
        self.claimed = time.monotonic()
        self.started_at: datetime | None = None
        """When it was claimed, where that was by another worker, which died."""
        self.began: float | None = None
        """When the handler began, on the monotonic clock."""
        self.left: float | None = None
        """When the handler ended."""
        self.interrupted_at: float | None = None
        self.completion: Report | None = None
        """What the handler committed itself, together with its own writes."""
        self._is_settled = threading.Lock()

    @property
    def limit(self) -> float:
        """The seconds this attempt may last; 0 for no limit."""
        return limit_of(self.handler, self.claim.timeout)

    def hide(self, value: Any) -> Any:
        """Return a text or a JSON value without the job's sensitive arguments in it."""
        return hide(value, self._secrets) if self.handler and self.handler.sensitive.paths else value

    @cached_property
    def _secrets(self) -> list[str]:
        return self.handler.sensitive.secrets(self.claim.args, self.claim.kwargs) if self.handler else []

    @property
    def interruption(self) -> Interruption | None:
        """What interrupted this attempt, if anything did."""
        return self.stretch.interruption

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody cancelled the job while it runs."""
        return isinstance(self.interruption, CancelInterruption)

    @property
    def seconds(self) -> float:
        """How long the attempt has lasted."""
        return 0.0 if self.began is None else (self.left or time.monotonic()) - self.began

    @property
    def age(self) -> float:
        """The seconds since the claim."""
        return time.monotonic() - self.claimed

    def interrupt(self, interruption: Interruption) -> bool:
        """Stop the handler, wherever it is; False when it has ended or was interrupted before."""
        stopped = self.stretch.interrupt(interruption)
        if stopped:
            self.interrupted_at = time.monotonic()
        if stopped and self.stopper is not None:
            self.stopper.ask()
        return stopped

    def insist(self) -> bool:
        """Stop a handler that was interrupted and goes on; False when nothing more can be tried."""
        return bool(self.stopper and self.stopper.force()) or self.stretch.insist()

    def settle(self) -> bool:
        """Claim the right to say how this attempt ended: True for the first who asks, False for all later."""
        return self._is_settled.acquire(blocking=False)

    def __enter__(self) -> None:
        """Make this the attempt that `current_job` speaks of."""
        self.began = time.monotonic()
        self._outside = _current.set(self), running_job_id.set(self.claim.id)

    def __exit__(self, *_: object) -> None:
        """Note when the handler ended."""
        self.left = time.monotonic()
        mine, parent = self._outside
        _current.reset(mine)
        running_job_id.reset(parent)


def limit_of(handler: Handler[..., Any] | None, timeout: timedelta | None) -> float:
    """Return the seconds that an attempt may last: by the job's own limit, its handler's, or the settings'."""
    if timeout is not None:
        return timeout.total_seconds()
    return handler.limit if handler else job_settings().TIMEOUT.total_seconds()


def current_running() -> Running | None:
    """Return the attempt that this code runs in, or None."""
    return _current.get()
