"""Reading what people write as options: of a handler, and of one job."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from .backoff import Backoff, BackoffPolicy, exponential, fixed, linear
from .durations import Seconds, as_duration
from .exceptions import InvalidHandler, InvalidOptions

if TYPE_CHECKING:
    from .models import Job

LOWEST_PRIORITY, HIGHEST_PRIORITY = -100, 100
YEARS = range(1900, 3000)
"""The years that every database can hold, and every zone can shift."""
PRIORITIES = {"high": 50, "normal": 0, "low": -50}

Priority = int | str
ExceptionClasses = tuple[type[BaseException], ...] | type[BaseException]
ErrorCallback = Callable[["Job", BaseException], object]
_UNCALLED: tuple[object, ...] = (Backoff, exponential, fixed, linear)
EXECUTORS = ("thread", "process")


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """What `using(...)` says of one job; None leaves it to the handler, and then to the settings."""

    delay: Seconds | None = None
    run_after: datetime | None = None
    queue_name: str | None = None
    priority: Priority | None = None
    max_attempts: int | None = None
    timeout: Seconds | None = None
    owner: object = None

    def __post_init__(self) -> None:
        if self.delay is not None and self.run_after is not None:
            raise InvalidOptions("Give delay or run_after, not both.")
        if self.run_after is not None:
            check_moment(self.run_after)
        read_span("delay", self.delay)
        _check_shared(self)


def check_moment(moment: object) -> None:
    """Raise `InvalidOptions` unless this is a datetime that databases can hold and that fits `USE_TZ`."""
    if not isinstance(moment, datetime):
        raise InvalidOptions(f"run_after must be a datetime, not {moment!r}; for seconds from now use delay.")
    if moment.year not in YEARS:
        raise InvalidOptions(f"run_after={moment!r}: use a year from {YEARS[0]} to {YEARS[-1]}.")
    if settings.USE_TZ and timezone.is_naive(moment):
        raise InvalidOptions(
            f"run_after={moment!r} has no time zone while USE_TZ is on; use timezone.now() or make_aware()."
        )
    if not settings.USE_TZ and timezone.is_aware(moment):
        raise InvalidOptions(f"run_after={moment!r} has a time zone while USE_TZ is off; use make_naive().")


def read_span(name: str, value: Seconds | None) -> timedelta | None:
    """Return a duration option; raise `InvalidOptions` that names it."""
    try:
        return None if value is None else as_duration(value)
    except ValueError as error:
        raise InvalidOptions(f"{name}: {error}.") from None


def read_priority(value: object) -> int | None:
    """Return a priority as its number; raise `InvalidOptions`."""
    if isinstance(value, str) and value in PRIORITIES:
        return PRIORITIES[value]
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not LOWEST_PRIORITY <= value <= HIGHEST_PRIORITY:
        raise InvalidOptions(
            f"priority={value!r}: use {', '.join(PRIORITIES)}, or a whole number from {LOWEST_PRIORITY} "
            f"to {HIGHEST_PRIORITY}."
        )
    return value


def read_queue_name(value: object) -> str | None:
    """Return a queue's name; raise `InvalidOptions`."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > 100 or {",", "\x00"} & {*value}:
        raise InvalidOptions(f"queue_name={value!r}: use 1 to 100 characters without commas.")
    return value


def read_max_attempts(value: object) -> int | None:
    """Return a number of attempts; raise `InvalidOptions`."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 32_000:
        raise InvalidOptions(f"max_attempts={value!r}: use a whole number from 1 to 32000.")
    return value


@dataclass(frozen=True, kw_only=True)
class HandlerOptions:
    """What `@job(...)` says of every job of a handler; None leaves it to the settings."""

    name: str | None = None
    aliases: Sequence[str] = ()
    queue_name: str = "default"
    priority: Priority = 0
    max_attempts: int | None = None
    timeout: Seconds | None = None
    backoff: BackoffPolicy | None = None
    retry_on: ExceptionClasses = (Exception,)
    fail_on: ExceptionClasses = ()
    on_error: ErrorCallback | None = None
    schema: Any = None
    validate: bool = False
    allow_api: bool = False
    atomic: bool = False
    executor: str = "thread"
    max_memory: int | None = None
    description: str = ""
    sensitive: Sequence[str] = ()

    def __post_init__(self) -> None:
        try:
            _check_shared(self)
        except InvalidOptions as error:
            raise InvalidHandler(f"@job: {error}") from None
        for name in (self.name, *_texts("aliases", self.aliases, "names")):
            _check_name(name)
        _texts("sensitive", self.sensitive, "names of arguments")
        if self.executor not in EXECUTORS:
            raise InvalidHandler(f"@job: executor={self.executor!r}: use {' or '.join(map(repr, EXECUTORS))}.")
        _check_memory(self.max_memory, self.executor)
        _check_backoff(self.backoff)
        if self.on_error is not None and not callable(self.on_error):
            raise InvalidHandler(f"@job: on_error={self.on_error!r}: use a function of the job and the exception.")
        for option in ("retry_on", "fail_on"):
            _check_exceptions(option, getattr(self, option))


def _check_shared(options: JobOptions | HandlerOptions) -> None:
    read_span("timeout", options.timeout)
    read_queue_name(options.queue_name)
    read_priority(options.priority)
    read_max_attempts(options.max_attempts)


def _texts(option: str, given: Any, of: str) -> Collection[str]:
    if isinstance(given, Collection) and not isinstance(given, str) and all(isinstance(each, str) for each in given):
        return given
    raise InvalidHandler(f"@job: {option}={given!r}: use a tuple of {of}.")


def _check_name(given: object) -> None:
    if given is not None and not (isinstance(given, str) and 1 <= len(given) <= 200 and "\x00" not in given):
        raise InvalidHandler(f"@job: name={given!r}: use 1 to 200 characters, without NUL.")


def _check_backoff(given: object) -> None:
    if given is not None and (not callable(given) or given in _UNCALLED):
        raise InvalidHandler(
            f"@job: backoff={given!r}: use fixed(60), a Backoff, or a function from attempt to seconds."
        )


def _check_memory(given: object, executor: str) -> None:
    is_number = isinstance(given, int) and not isinstance(given, bool) and given >= 1
    if given is not None and not (is_number and executor == "process"):
        raise InvalidHandler(f"@job: max_memory={given!r}: use megabytes, with executor='process'.")


def _check_exceptions(option: str, given: Any) -> None:
    classes = given if isinstance(given, tuple) else (given,)
    if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in classes):
        raise InvalidHandler(f"@job: {option}={given!r}: use an exception class or a tuple of them.")
