"""Every exception of this package.

JobsError
├── UnknownHandler (also LookupError)       no handler is registered under a name
├── DuplicateHandler                        two handlers claim one name
├── InvalidHandler (also TypeError)         a function or an option that cannot make a handler
├── InvalidOptions (also ValueError)        a bad delay, run_after, priority … for one job
├── InvalidArguments (also ValueError)      arguments that JSON would lose or change, or a schema refuses
│   └── PayloadTooLarge
├── InvalidResult (also ValueError)         a handler returned what JSON cannot hold
├── IllegalMove                             a status that a verb may not leave
├── NoCurrentJob (also RuntimeError)        `current_job` outside a handler
├── WaitTimeout (also TimeoutError)         `job.wait(timeout)` gave up
├── ClaimLost                               an atomic job was taken from this worker before it could commit
├── JobTimeout                              the limit an attempt passed, as `on_error` receives it
├── ProcessDied                             the process of an attempt died before its handler ended
├── WorkerLost                              the worker of an attempt died, as `on_error` receives it
└── ControlFlow                             raised by handlers to choose their outcome
    ├── Retry
    ├── Snooze
    └── Fail

BaseException
└── Interruption                            raised inside a handler from outside; `except Exception` lets it pass
    ├── TimeoutInterruption
    ├── CancelInterruption
    └── ShutdownInterruption
"""

from __future__ import annotations

import difflib
import signal
from collections.abc import Iterable
from datetime import timedelta

from .durations import as_duration


class JobsError(Exception):
    """The root of this package's errors."""


class UnknownHandler(JobsError, LookupError):
    """Say that no handler has this name, and name the nearest ones."""

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(str(name), names, n=3)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        super().__init__(
            f"No handler is registered under {name!r}.{hint} "
            f"Handlers are functions under @job in the jobs.py of an installed app; {len(names)} are registered."
        )
        self.name = name


class DuplicateHandler(JobsError):
    """Say which two functions ask for one name."""

    def __init__(self, name: str, first: str, second: str) -> None:
        super().__init__(
            f"Two handlers are named {name!r}: {first} and {second}. Give one of them another name with @job(name=...)."
        )


class InvalidHandler(JobsError, TypeError):
    """A function or an option that cannot make a handler."""


class InvalidOptions(JobsError, ValueError):
    """An option of one job that cannot be kept."""


class InvalidArguments(JobsError, ValueError):
    """Arguments that would not arrive in the handler as they were given."""


class PayloadTooLarge(InvalidArguments):
    """Arguments of more bytes than `MAX_PAYLOAD`."""


class InvalidResult(JobsError, ValueError):
    """A handler's return value that JSON cannot hold."""


class IllegalMove(JobsError):
    """A job in this status cannot be moved by this verb."""

    def __init__(self, verb: str, status: str) -> None:
        super().__init__(f"A {status} job cannot {verb}.")


class NoCurrentJob(JobsError, RuntimeError):
    """`current_job` was used where no job runs."""


class WaitTimeout(JobsError, TimeoutError):
    """The job had not finished in the time given to `wait`."""


class ClaimLost(JobsError):
    """The job was taken from this worker, so the handler's transaction must roll back."""


class JobTimeout(JobsError):
    """The attempt ran longer than its limit."""


class ProcessDied(JobsError):
    """The process of an attempt ended before its handler did."""

    def __init__(self, exit_code: int | None) -> None:
        code = exit_code or 0
        cause = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        super().__init__(f"The handler's process {cause}.")
        self.exit_code = code


class WorkerLost(JobsError):
    """The worker that ran the attempt died or lost its heartbeat."""


class ControlFlow(JobsError):
    """Raised by a handler to choose the outcome of its attempt."""


class Retry(ControlFlow):
    """End this attempt and try again, after `delay` seconds or else after the handler's backoff.

    The attempt counts: on the last one the job fails.
    """

    def __init__(self, reason: str = "", *, delay: float | timedelta | str | None = None) -> None:
        _check_reason(reason)
        super().__init__(reason or "The handler asked for a retry.")
        self.delay = None if delay is None else as_duration(delay)


def _check_reason(reason: object) -> None:
    if isinstance(reason, int | float | timedelta):
        raise TypeError(f"Retry({reason!r}): the first argument is the reason; write Retry(delay={reason!r}).")


class Snooze(ControlFlow):
    """Put the job off for `delay` seconds; the attempt does not count."""

    def __init__(self, delay: float | timedelta | str, reason: str = "") -> None:
        super().__init__(reason or "The handler put the job off.")
        self.delay = as_duration(delay)


class Fail(ControlFlow):
    """Fail the job now, whatever attempts are left."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "The handler failed the job.")


class Interruption(BaseException):
    """Raised inside a handler by the worker, and not to be swallowed.

    Catch it to clean up, then re-raise: the attempt ends as the interruption says, whatever the handler does.
    """


class TimeoutInterruption(Interruption):
    """The attempt passed its limit."""


class CancelInterruption(Interruption):
    """Somebody cancelled the job."""


class ShutdownInterruption(Interruption):
    """The worker stops, and gives the job back unspent."""
