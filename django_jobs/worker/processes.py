"""The child-process executor: for handlers that compute, leak or crash.

Each job runs in a process of its own, forked from a server that has loaded the project and nothing else, so that it
starts in milliseconds and takes nothing with it. What goes on inside is told in `apart.py`; this is the worker's side.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

from ..attempt import Ending, Running
from ..attempt.outcomes import ended
from ..exceptions import ProcessDied
from .apart import STOP_SIGNAL, work
from .logger import logger

_one_at_a_time = threading.Lock()
"""Every start of a process asks all others how they ended, and an exit code can be read only once."""
_living: set[ForkServerProcess] = set()


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["django_jobs.preload"])
    atexit.register(_kill_all)
    return context


def run_in_process(running: Running) -> Ending:
    """Run a claimed job's handler in a process of its own; return how it ended, or what killed it."""
    try:
        with _process_of(running) as (process, connection):
            return _listen(running, connection, process)
    except Exception as error:
        logger.exception("the process of job %s %s could not be run", running.claim.name, running.claim.id)
        return ended(running, error)


@contextmanager
def _process_of(running: Running) -> Iterator[tuple[ForkServerProcess, Connection]]:
    """Start a process and the pipe to it; it dies when this ends, or when the worker does."""
    ours, theirs = _context().Pipe()
    their_life, our_life = _context().Pipe(duplex=False)
    attempt = (running.claim, running.alias, running.worker_name)
    process = _context().Process(target=work, args=(*attempt, theirs, their_life))
    with ours, our_life:
        with theirs, their_life, _one_at_a_time:
            process.start()
            _living.add(process)
        running.stopper = Stopper(running, process, ours)
        if running.interruption is not None:
            running.stopper.ask()
        try:
            yield process, ours
        finally:
            _living.discard(process)
            running.stretch.leave()
            running.left = time.monotonic()


class Stopper:
    """Stops a handler's process: first by asking it."""

    def __init__(self, running: Running, process: ForkServerProcess, connection: Connection) -> None:
        self._running = running
        self._process = process
        self._connection = connection

    def ask(self) -> None:
        """Raise the interruption in the handler."""
        try:
            self._connection.send(self._running.interruption)
        except OSError:
            return
        _signal(self._process, STOP_SIGNAL)

    def force(self) -> bool:
        """Kill the process."""
        _signal(self._process, signal.SIGKILL)
        return True


def _signal(process: ForkServerProcess, number: signal.Signals) -> None:
    with _one_at_a_time:
        if process.pid is not None and process.exitcode is None:
            with suppress(ProcessLookupError):  # it has ended, and the server of forks has not said so yet
                os.kill(process.pid, number)


def _kill_all() -> None:
    """At this process's exit, let nobody wait for handlers that nobody stopped."""
    for process in _living.copy():
        _signal(process, signal.SIGKILL)


def _exit_code(process: ForkServerProcess) -> int | None:
    """Return how a process ended, once it has."""
    wait([process.sentinel])
    with _one_at_a_time:
        return process.exitcode


def _listen(running: Running, connection: Connection, process: ForkServerProcess) -> Ending:
    """Pass on what the process says, until it says how the attempt ended, or says nothing more."""
    while True:
        try:
            kind, said = _hear(connection, process)
        except (EOFError, OSError):
            return ended(running, ProcessDied(_exit_code(process)))
        if kind == "began":
            running.began = time.monotonic()
        elif kind == "ended":
            return _ending_of(running, said)
        else:
            getattr(running.sink, kind)(running, *said)


def _hear(connection: Connection, process: ForkServerProcess) -> Any:
    """Return what the process says next; raise EOFError once it has ended, whoever else holds its end of the pipe."""
    wait([connection, process.sentinel])
    if not connection.poll():
        raise EOFError
    return connection.recv()


def _ending_of(running: Running, said: Iterable[Any]) -> Ending:
    ending = Ending(running, *said)
    if running.interruption is not None and not ending.is_written:
        return ended(running, running.interruption)._replace(traceback=ending.traceback)
    return ending
