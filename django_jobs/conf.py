"""The `JOBS` setting from `JOB_QUEUE_*` environment variables.

    JOBS = jobs_from_env()

Every key of `JOBS` is read from `JOB_QUEUE_<KEY>`, and some from a second name that other systems use (`ALIASES`).
A number stands for seconds; durations may name their unit: `500ms`, `5m`, `7d`. A variable that is not set, or
empty, leaves the key to its default. Whether a value makes sense is for the system checks to say, as with any
other `JOBS`; only what cannot be read at all is refused here.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from .durations import as_duration
from .settings import JobSettings

PREFIX = "JOB_QUEUE_"

ALIASES = {
    "MAX_WORKERS": "CONCURRENCY",
    "MAX_JOBS_PER_WORKER": "MAX_JOBS",
    "GRACEFUL_SHUTDOWN_TIMEOUT": "SHUTDOWN_TIMEOUT",
    "DEFAULT_MAX_RETRIES": "MAX_ATTEMPTS",
    "DEFAULT_TIMEOUT_SECONDS": "TIMEOUT",
    "RETRY_STRATEGY": "BACKOFF",
    "RETRY_BASE_DELAY": "BACKOFF_BASE",
    "RETRY_MAX_DELAY": "BACKOFF_MAX",
    "ENABLE_METRICS": "STATS",
    "METRICS_INTERVAL": "STATS_INTERVAL",
}
"""Second names of keys. `DEFAULT_MAX_RETRIES` counts what comes after the first attempt: 3 make 4 attempts."""

# Under these names other systems give milliseconds, so that a bare 1000 or more may mean either.
AMBIGUOUS = {
    "POLL_INTERVAL",
    "WORKER_TIMEOUT",
    "GRACEFUL_SHUTDOWN_TIMEOUT",
    "RETRY_BASE_DELAY",
    "RETRY_MAX_DELAY",
    "METRICS_INTERVAL",
}
FALSE_WORDS = {"false", "off", "no", "n", "0"}

_KINDS = {field.name: type(field.default) for field in fields(JobSettings)}
_READABLE = [*_KINDS, *ALIASES]
_sources: dict[str, Mapping[str, str]] = {}


@dataclass(frozen=True)
class UnknownVariable:
    """A variable with our prefix that no key is read from, and the nearest name that one is."""

    name: str
    nearest: str | None


def jobs_from_env(prefix: str = PREFIX, environ: Mapping[str, str] = os.environ) -> dict[str, object]:
    """Return a value for `JOBS` made from the variables that begin with `prefix`.

    Raise ImproperlyConfigured for a value that cannot be read, for two variables that set one key, and for a number
    that is probably meant as milliseconds.
    """
    _sources[prefix] = environ
    given = [name for name in _READABLE if environ.get(prefix + name, "").strip()]
    _refuse_doubles(given, prefix)
    env = Env()
    env.ENVIRON = environ
    return {_key_of(name): _read(env, prefix, name) for name in given}


def unknown_variables() -> list[UnknownVariable]:
    """Return the variables under each prefix that `jobs_from_env` was asked for, but did not know."""
    return [
        UnknownVariable(variable, _nearest(variable, prefix))
        for prefix, environ in _sources.items()
        for variable in sorted(environ)
        if variable.startswith(prefix) and variable.removeprefix(prefix) not in _READABLE
    ]


def _key_of(name: str) -> str:
    return ALIASES.get(name, name)


def _nearest(variable: str, prefix: str) -> str | None:
    near = difflib.get_close_matches(variable.removeprefix(prefix), _READABLE, n=1, cutoff=0.6)
    return prefix + near[0] if near else None


def _refuse_doubles(given: list[str], prefix: str) -> None:
    for name in given:
        key = _key_of(name)
        if name != key and key in given:
            raise ImproperlyConfigured(f"{prefix}{key} and {prefix}{name} both set {key}: keep one of them.")


def _read(env: Env, prefix: str, name: str) -> object:
    text = env.str(prefix + name).strip()
    try:
        if name in AMBIGUOUS:
            _refuse_milliseconds(text)
        value = _CASTS[_KINDS[_key_of(name)]](text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{prefix}{name}={text} cannot be read: {error}.") from error
    return value + 1 if name == "DEFAULT_MAX_RETRIES" else value


def _refuse_milliseconds(text: str) -> None:
    if text.isdecimal() and int(text) >= 1000:
        seconds = f"{int(text) / 1000:g}"
        raise ValueError(
            f"a bare number is seconds here, and {text} looks like milliseconds; "
            f"write {seconds} or {text}ms, or {text}s if {text} seconds are meant"
        )


def _flag(text: str) -> bool:
    word = text.lower()
    if word not in FALSE_WORDS and word not in Env.BOOLEAN_TRUE_STRINGS:
        raise ValueError("write true or false")
    return word not in FALSE_WORDS


def _number(kind: type[int | float], wanted: str, text: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"write {wanted}") from None


_CASTS: dict[type, Callable[[str], Any]] = {
    bool: _flag,
    float: partial(_number, float, "a number"),
    int: partial(_number, int, "a whole number"),
    str: str,
    timedelta: as_duration,
}
