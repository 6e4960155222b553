"""Background jobs for Django, with nothing but the database.

The names below are the promised surface, beside the models in `django_jobs.models`, the signals in
`django_jobs.signals`, `django_jobs.testing` and what the docs name. They load when first used, so that a module may
import `job` while apps are still loading.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asking import cancel, copy, enqueue, get, register, retry, schedule
    from .attempt import current_job
    from .backoff import Backoff, exponential, fixed, linear
    from .exceptions import (
        CancelInterruption,
        DuplicateHandler,
        Fail,
        IllegalMove,
        Interruption,
        InvalidArguments,
        InvalidHandler,
        InvalidOptions,
        InvalidResult,
        JobsError,
        JobTimeout,
        NoCurrentJob,
        PayloadTooLarge,
        ProcessDied,
        Retry,
        ShutdownInterruption,
        Snooze,
        TimeoutInterruption,
        UnknownHandler,
        WaitTimeout,
        WorkerLost,
    )
    from .handlers import Handler, job
    from .monitoring import health
    from .states import JobStatus
    from .worker import Worker

_HOMES = {
    "asking": ("cancel", "copy", "enqueue", "get", "register", "retry", "schedule"),
    "attempt": ("current_job",),
    "backoff": ("Backoff", "exponential", "fixed", "linear"),
    "exceptions": (
        "CancelInterruption", "DuplicateHandler", "Fail", "IllegalMove", "Interruption", "InvalidArguments",
        "InvalidHandler", "InvalidOptions", "InvalidResult", "JobTimeout", "JobsError", "NoCurrentJob",
        "PayloadTooLarge", "ProcessDied", "Retry", "ShutdownInterruption", "Snooze", "TimeoutInterruption",
        "UnknownHandler", "WaitTimeout", "WorkerLost",
    ),
    "handlers": ("Handler", "job"),
    "monitoring": ("health",),
    "states": ("JobStatus",),
    "worker": ("Worker",),
}  # fmt: skip

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0.dev0"

__all__ = [
    "Backoff", "CancelInterruption", "DuplicateHandler", "Fail", "Handler", "IllegalMove", "Interruption",
    "InvalidArguments", "InvalidHandler", "InvalidOptions", "InvalidResult", "JobStatus", "JobTimeout", "JobsError",
    "NoCurrentJob", "PayloadTooLarge", "ProcessDied", "Retry", "ShutdownInterruption", "Snooze", "TimeoutInterruption",
    "UnknownHandler", "WaitTimeout", "Worker", "WorkerLost", "cancel", "copy", "current_job", "enqueue",
    "exponential", "fixed", "get", "health", "job", "linear", "register", "retry", "schedule",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
