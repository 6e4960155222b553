"""`@job`: a function, its options, and the ways to enqueue it."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar, overload

from asgiref.sync import sync_to_async
from django.apps import apps

from .arguments import Arguments, Binder, packed
from .backoff import BackoffPolicy
from .durations import Seconds
from .exceptions import InvalidArguments, InvalidHandler
from .masking import Sensitive, hide
from .options import ErrorCallback, ExceptionClasses, HandlerOptions, JobOptions, Priority, read_span
from .registry import handlers
from .schemas import Schema
from .settings import job_settings

if TYPE_CHECKING:
    from .creating import Enqueued
    from .models import Job

P = ParamSpec("P")
R = TypeVar("R")


class Enqueuer(Generic[P]):
    """A handler with options for the next jobs."""

    def __init__(self, handler: Handler[P, Any], job_options: JobOptions) -> None:
        self.handler = handler
        self.job_options = job_options

    def enqueue(self, /, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Create a job in the caller's transaction: it exists once that commits, and never if it rolls back.

        Raise TypeError when the function could not be called so, `InvalidArguments` at the path of a value that
        JSON would lose, `PayloadTooLarge` over `MAX_PAYLOAD`.
        """
        from .creating import create

        return create(self.handler, iter([(args, kwargs)]), self.job_options)[0]

    async def aenqueue(self, /, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Create a job from async code."""
        return await sync_to_async(functools.partial(self.enqueue, *args, **kwargs))()

    def enqueue_many(self, calls: Iterable[Mapping[str, Any] | Sequence[Any]]) -> Enqueued:
        """Create a job for each dict of keyword arguments or sequence of positional ones, a thousand a round trip.

        All or none: one wrong call raises before any job is written.
        """
        from .creating import create

        return create(self.handler, map(_call, calls), self.job_options)


class Handler(Enqueuer[P], Generic[P, R]):
    """A registered function. Calling it runs the function here and now; `enqueue` makes a job of it."""

    do_not_call_in_templates = True

    def __init__(self, func: Callable[P, R], options: HandlerOptions) -> None:
        _check_function(func, options)
        functools.update_wrapper(self, func)
        super().__init__(self, JobOptions())
        self.func = func
        self.options = options
        self.signature = inspect.signature(func)
        self._binder = Binder(self.signature)
        self.is_async = inspect.iscoroutinefunction(func)
        self.schema = Schema(func, options.schema) if options.schema or options.validate else None
        self.sensitive = Sensitive(self.signature, options.sensitive)
        self.error_callbacks: list[ErrorCallback] = [options.on_error] if options.on_error else []

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain function."""
        return self.func(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Handler {self.name if apps.apps_ready else self.location}>"

    @functools.cached_property
    def name(self) -> str:
        """The name that rows refer to: the one given, or `app_label.function`."""
        return self.options.name or f"{_app_label(self.func.__module__)}.{self.func.__name__}"

    @property
    def aliases(self) -> Sequence[str]:
        """Names that rows may still bear from before a renaming."""
        return self.options.aliases

    @property
    def location(self) -> str:
        """Where the function is defined."""
        return f"{self.func.__module__}.{self.func.__qualname__}"

    @property
    def line(self) -> int:
        """The number of the function's first line."""
        code: types.CodeType = inspect.unwrap(self.func).__code__
        return code.co_firstlineno

    @property
    def description(self) -> str:
        """The option of that name, or the first line of the docstring."""
        return self.options.description or (inspect.getdoc(self.func) or "").partition("\n")[0]

    @property
    def limit(self) -> float:
        """The seconds that one attempt may last; 0 for no limit."""
        own = read_span("timeout", self.options.timeout)
        return (job_settings().TIMEOUT if own is None else own).total_seconds()

    @property
    def backoff(self) -> BackoffPolicy:
        """The policy between attempts."""
        return self.options.backoff or job_settings().backoff

    def using(
        self,
        *,
        delay: Seconds | None = None,
        run_after: datetime | None = None,
        queue_name: str | None = None,
        priority: Priority | None = None,
        max_attempts: int | None = None,
        timeout: Seconds | None = None,
        owner: object = None,
    ) -> Enqueuer[P]:
        """Return this handler with options for the jobs enqueued through it; raise `InvalidOptions`.

        `delay` and `timeout` are seconds, a timedelta, or text such as "5m". `run_after` is an aware datetime.
        """
        return Enqueuer(self, JobOptions(
            delay=delay, run_after=run_after, queue_name=queue_name, priority=priority,
            max_attempts=max_attempts, timeout=timeout, owner=owner,
        ))  # fmt: skip

    def on_error(self, callback: ErrorCallback) -> ErrorCallback:
        """Have `callback(job, exception)` called after a job of this handler has failed for good."""
        self.error_callbacks.append(callback)
        return callback

    def bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Arguments:
        """Return arguments fit for a row; raise TypeError or `InvalidArguments`."""
        positional, named = self._binder.bind(self.name, args, kwargs)
        if self.schema is not None:
            named = self.schema.dump(self.name, named)
        return packed(self.name, positional, named)

    def arguments_of(self, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return a row's arguments as the function wants them; raise `InvalidArguments` if they no longer fit."""
        named = self.schema.load(self.name, kwargs) if self.schema is not None else kwargs
        try:
            self._binder.bind(self.name, args, named)
        except TypeError as error:
            raise InvalidArguments(f"{error}; the job was enqueued when the function took other arguments.") from None
        return args, named


def _call(call: object) -> tuple[Sequence[Any], Mapping[str, Any]]:
    if isinstance(call, Mapping):
        return (), call
    if isinstance(call, Sequence) and not isinstance(call, str | bytes):
        return call, {}
    raise TypeError(f"enqueue_many takes dicts of keyword arguments or tuples of positional ones, not {call!r}")


@overload
def job(func: Callable[P, R], /) -> Handler[P, R]: ...
@overload
def job(
    name: str | None = None, *, aliases: Sequence[str] = ...,
    queue_name: str = ..., priority: Priority = ..., max_attempts: int | None = ..., timeout: Seconds | None = ...,
    backoff: BackoffPolicy | None = ..., retry_on: ExceptionClasses = ..., fail_on: ExceptionClasses = ...,
    on_error: ErrorCallback | None = ..., schema: Any = ..., validate: bool = ..., allow_api: bool = ...,
    atomic: bool = ...,
    executor: Literal["thread", "process"] = ..., max_memory: int | None = ..., description: str = ...,
    sensitive: Sequence[str] = ...,
) -> Callable[[Callable[P, R]], Handler[P, R]]: ...  # fmt: skip
def job(func_or_name: Any = None, /, **options: Any) -> Any:
    """Register a function as a handler: `@job`, `@job("name")` or `@job(option=…)`.

    Options: `name` (default `app_label.function`), `aliases` (names it had before), `queue_name`, `priority`
    ("high", "normal", "low" or -100 to 100), `max_attempts`, `timeout` (seconds; 0 for none), `backoff`, `retry_on`
    and `fail_on` (exception classes; the latter wins), `on_error` (called with the job and the exception once it
    failed for good), `schema` (a pydantic model) or `validate` (pydantic on the annotations), `allow_api` (may be
    created over HTTP), `atomic` (the handler's writes and its completion commit together), `executor` ("thread", or
    "process" for one of its own), `max_memory` (MB of such a process), `description`, `sensitive` (names of
    arguments that are masked wherever people look).

    Raise `InvalidHandler` for what cannot be a handler.
    """
    if callable(func_or_name):
        return _register(func_or_name, HandlerOptions())
    if func_or_name is not None:
        options["name"] = func_or_name
    known = [option.name for option in fields(HandlerOptions)]
    for option in options:
        if option not in known:
            raise InvalidHandler(f"@job has no option {option!r}; the options are {', '.join(known)}.")
    read = HandlerOptions(**options)
    return lambda func: _register(func, read)


def _register(func: Callable[P, R], options: HandlerOptions) -> Handler[P, R]:
    handler = Handler(func, options)
    handlers.add(handler)
    if apps.ready:
        handlers.settle()  # a name that is taken is an error here, and not at the next question
    return handler


def _check_function(func: Any, options: HandlerOptions) -> None:
    if not inspect.isfunction(func):
        raise InvalidHandler(f"@job wants a function, not {func!r}.")
    if options.name is None and "<" in func.__qualname__:
        kind = "lambda" if func.__name__ == "<lambda>" else "nested function"
        raise InvalidHandler(
            f"@job cannot name the {kind} {func.__qualname__!r} in {func.__module__}: a worker could not "
            "find it again. Move it to the top of a module, or give it a name that every process registers."
        )
    if options.executor == "process" and inspect.iscoroutinefunction(func):
        raise InvalidHandler(f"@job(executor='process') wants a plain function: {func.__qualname__!r} is async.")
    if options.atomic and inspect.iscoroutinefunction(func):
        raise InvalidHandler(
            f"@job(atomic=True) wants a plain function: {func.__qualname__!r} is async, transactions are not."
        )
    if inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func):
        raise InvalidHandler(f"@job wants a function that returns, not the generator {func.__qualname__!r}.")


def _app_label(module: str) -> str:
    config = apps.get_containing_app_config(module)
    return config.label if config else module.removesuffix(".jobs").rpartition(".")[2]


find_handler = handlers.find
"""Return the handler of this name, or None."""
get_handler = handlers.get
"""Return the handler of this name; raise `UnknownHandler`."""


def masked(record: Job) -> tuple[list[Any], dict[str, Any]]:
    """Return a job's arguments as people may see them: with a mask in place of what its handler calls sensitive."""
    handler = find_handler(record.name)
    return handler.sensitive.masked(record.args, record.kwargs) if handler else (record.args, record.kwargs)


def without_secrets(record: Job, value: Any) -> Any:
    """Return what a job told or returned, with a mask wherever one of its sensitive arguments stands in it."""
    handler = find_handler(record.name)
    if handler is None or not handler.sensitive.paths:
        return value
    return hide(value, handler.sensitive.secrets(record.args, record.kwargs))


def names_hiding(argument: str) -> list[str]:
    """Return the names of handlers that keep this argument from people, who could find it out by searching."""
    hiding = [handler for handler in handlers if argument in handler.sensitive.names]
    return [name for handler in hiding for name in (handler.name, *handler.aliases)]
