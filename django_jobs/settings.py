"""The `JOBS` setting: typed, read late, checked once."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any, get_type_hints

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from .backoff import STRATEGIES, Backoff
from .durations import as_duration


@dataclass(frozen=True)
class JobSettings:
    """Every key of `JOBS` with its type, what reads a given value, and its default.

    Durations are given in seconds, as a timedelta, or as `"5m"`.
    """

    DATABASE: Annotated[str, _alias] = "default"
    """The database alias that holds the jobs, unless a router says otherwise for writes of `Job`."""
    CONCURRENCY: Annotated[int, _whole(1)] = 5
    """How many jobs a worker runs at once in threads."""
    ASYNC_CONCURRENCY: Annotated[int, _whole(1)] = 100
    """How many `async def` handlers a worker runs at once on its event loop."""
    POLL_INTERVAL: Annotated[timedelta, _span(lowest=0.01, highest=60)] = timedelta(seconds=1)
    """The longest a worker sleeps before it looks for jobs again."""
    LISTEN: Annotated[bool, _flag] = True
    """Whether PostgreSQL's notifications wake idle workers; off where a pooler keeps them from arriving."""
    MAX_ATTEMPTS: Annotated[int, _whole(1, 32_000)] = 3
    """Attempts of a job before it fails, unless its handler or `using` says otherwise."""
    TIMEOUT: Annotated[timedelta, _span()] = timedelta(minutes=5)
    """The limit of one attempt; 0 means none."""
    BACKOFF: Annotated[str, _one_of(*STRATEGIES)] = "exponential"
    """`fixed`, `linear` or `exponential`."""
    BACKOFF_BASE: Annotated[timedelta, _span()] = timedelta(seconds=1)
    """The first delay between attempts."""
    BACKOFF_MAX: Annotated[timedelta, _span()] = timedelta(hours=1)
    """The longest delay between attempts."""
    BACKOFF_JITTER: Annotated[float, _share] = 0.1
    """The share of a delay that chance may take away, 0 to 1."""
    SHUTDOWN_TIMEOUT: Annotated[timedelta, _span(highest=3600)] = timedelta(seconds=30)
    """How long a stopping worker waits for running jobs before it gives them back."""
    WORKER_TIMEOUT: Annotated[timedelta, _span(lowest=2, highest=3600)] = timedelta(seconds=30)
    """The age of a heartbeat after which a worker counts as dead and its jobs are rescued."""
    MAX_JOBS: Annotated[int, _whole(0)] = 0
    """Jobs after which a worker stops or starts afresh; 0 means never."""
    MAX_RESCUES: Annotated[int, _whole(1, 32_000)] = 3
    """Workers a job may take down with it before it fails as a poison job."""
    RETENTION: Annotated[timedelta, _span()] = timedelta(days=7)
    """How long finished jobs are kept; 0 means for ever."""
    UNKNOWN_JOBS: Annotated[str, _one_of("fail", "wait")] = "fail"
    """What a worker does with a job whose handler it does not know: `fail` it, or let it `wait`."""
    LOG_LEVEL: Annotated[str, _one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")] = "INFO"
    """The lowest level of log records that are stored with a job."""
    MAX_PAYLOAD: Annotated[int, _whole(1)] = 1_000_000
    """The largest JSON text of a job's arguments or result, in bytes."""
    STATS: Annotated[bool, _flag] = True
    """Whether workers count what they did, per minute."""
    STATS_INTERVAL: Annotated[timedelta, _span(lowest=0.1, highest=600)] = timedelta(seconds=5)
    """How often a worker writes its counts down."""
    RELEASE: Annotated[str, _short(30)] = ""
    """Which release of the project runs, such as a tag or a short commit; it stands beside each worker."""
    ACCESS: Annotated[str, str] = "django_jobs.access.JobsAccess"  # imported by the checks, and when it is used
    """The class of the rules who may see and do what, by its dotted path."""

    @property
    def backoff(self) -> Backoff:
        """The default policy between attempts."""
        return Backoff(
            self.BACKOFF, self.BACKOFF_BASE.total_seconds(), self.BACKOFF_MAX.total_seconds(), self.BACKOFF_JITTER
        )

    @property
    def log_level(self) -> int:
        """`LOG_LEVEL` as a number of the logging module."""
        return logging.getLevelNamesMapping()[self.LOG_LEVEL]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with `JOBS`: the key, what is wrong, and the way out."""

    key: str
    message: str
    hint: str


def job_settings() -> JobSettings:
    """Return the current settings; raise ImproperlyConfigured that names every problem."""
    return _read()


@lru_cache(maxsize=1)
def _read() -> JobSettings:
    given = getattr(settings, "JOBS", {})
    problems = find_problems(given)
    if problems:
        raise ImproperlyConfigured(" ".join(f"{problem.message} {problem.hint}" for problem in problems))
    return _made_of(given)


def _made_of(given: Mapping[str, Any]) -> JobSettings:
    return replace(JobSettings(), **{key: _READERS[key](value) for key, value in given.items()})


def find_problems(given: object) -> list[Problem]:
    """Return what is wrong with a value for `JOBS`, nothing if it can be used."""
    if not isinstance(given, Mapping):
        return [Problem("JOBS", f"JOBS must be a dict, not {type(given).__name__}.", "Write JOBS = {...}.")]
    problems = [problem for key, value in given.items() for problem in _problems_of(key, value)]
    return problems or list(_contradictions(_made_of(given)))


def _problems_of(key: str, value: object) -> Iterator[Problem]:
    if key not in _READERS:
        yield _unknown(key)
        return
    try:
        _READERS[key](value)
    except (ValueError, TypeError) as error:
        yield Problem(key, f"JOBS[{key!r}] is wrong: {error}.", f"The default is {getattr(JobSettings, key)!r}.")


def read_setting(key: str, value: object) -> Any:
    """Return a value as this key of `JOBS` would read it; raise ValueError or TypeError."""
    return _READERS[key](value)


def _unknown(key: str) -> Problem:
    near = difflib.get_close_matches(str(key).upper(), _READERS, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]!r}?" if near else f"The keys are {', '.join(sorted(_READERS))}."
    return Problem(str(key), f"JOBS has no key {key!r}.", hint)


def _contradictions(read: JobSettings) -> Iterator[Problem]:
    if read.BACKOFF_BASE > read.BACKOFF_MAX:
        yield Problem("BACKOFF_BASE", "JOBS['BACKOFF_BASE'] is longer than BACKOFF_MAX.", "Raise BACKOFF_MAX.")


def _whole(lowest: int, highest: int = 2**31 - 1) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise ValueError(f"{value!r} is not a whole number of at least {lowest}")
        if value > highest:
            raise ValueError(f"{value!r} is more than {highest}")
        return value

    return read


def _span(*, lowest: float = 0, highest: float = float("inf")) -> Callable[[object], timedelta]:
    def read(value: object) -> timedelta:
        duration = as_duration(value)
        seconds = duration.total_seconds()
        if seconds < lowest:
            raise ValueError(f"{value!r} is shorter than {lowest} s")
        if seconds > highest:
            raise ValueError(f"{value!r} is {seconds:g} s, more than {highest:g} s; milliseconds are written '500ms'")
        return duration

    return read


def _one_of(*allowed: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
        return str(value)

    return read


def _short(longest: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise ValueError(f"{value!r} is not a text of at most {longest} printable characters")
        return value

    return read


def _share(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"{value!r} is not a share from 0 to 1")
    return float(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither True nor False")
    return value


def _alias(value: object) -> str:
    if value not in settings.DATABASES:
        raise ValueError(f"{value!r} is no alias in DATABASES ({', '.join(settings.DATABASES)})")
    return str(value)


_READERS: dict[str, Callable[[object], Any]] = {
    key: hint.__metadata__[0] for key, hint in get_type_hints(JobSettings, include_extras=True).items()
}


def _forget(*, setting: str, **_: Any) -> None:
    if setting in {"JOBS", "DATABASES"}:
        _read.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_jobs.settings")
