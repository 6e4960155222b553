"""Running a handler and turning what comes out into an ending, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from asgiref.sync import async_to_sync

from ..handlers import Handler
from .completion import completing
from .outcomes import Ending, completed, ended, unknown
from .running import Running


def run_attempt(running: Running) -> Ending:
    """Run a claimed job's handler in this thread; return how it ended, whatever it raised."""
    handler = running.handler
    if handler is None:
        return unknown(running)
    with running:
        try:
            return _run_interruptibly(running, handler)
        except BaseException as error:  # noqa: BLE001 - user code may raise anything
            return ended(running, error)


def _run_interruptibly(running: Running, handler: Handler[..., Any]) -> Ending:
    try:
        running.stretch.enter()
        ending = _run_handler(running, handler)
    finally:
        running.stretch.leave()
    return ended(running, running.interruption) if running.interruption and not ending.is_written else ending


def _run_handler(running: Running, handler: Handler[..., Any]) -> Ending:
    args, kwargs = handler.arguments_of(running.claim.args, running.claim.kwargs)
    func = async_to_sync(handler.func) if handler.is_async else handler.func
    if not handler.options.atomic:
        return completed(running, func(*args, **kwargs))
    with completing(running) as completion:  # the handler's writes and its completion are committed together
        completion.result = value = func(*args, **kwargs)
    return completed(running, value)


async def run_attempt_async(running: Running) -> Ending:
    """Run an `async def` handler in this task of an event loop; return how it ended, whatever it raised."""
    handler = running.handler
    assert handler is not None
    with running:
        try:
            running.stopper = TaskStopper()
            if running.interruption is not None:
                raise running.interruption
            args, kwargs = handler.arguments_of(running.claim.args, running.claim.kwargs)
            value = await cast(Awaitable[Any], handler.func(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - user code may raise anything
            return _ended_async(running, error)
        finally:
            running.stretch.leave()
    return completed(running, value)


class TaskStopper:
    """Stops an `async def` handler, which runs in this task, through its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()

    def ask(self) -> None:
        """Cancel the task."""
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)

    def force(self) -> bool:
        """Give up: a task that swallows its cancellation cannot be ended."""
        return False


def _ended_async(running: Running, error: BaseException) -> Ending:
    if isinstance(error, asyncio.CancelledError) and running.interruption is None:
        return ended(running, RuntimeError("the handler's task was cancelled by its own code"))
    return ended(running, error)
