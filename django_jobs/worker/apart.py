"""The inside of a process that runs one handler and nothing else.

A signal raises the interruption that the worker sent, wherever the handler is. Other signals pass the process by, for
Ctrl-C and a stop of the whole group are the worker's to decide on; but when the worker is gone, so is the process,
which the rescuer of its job takes for granted.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from django.db import connections

from ..attempt import Ending, Running, run_attempt
from ..attempt.capture import install_capture
from ..attempt.interruption import Interruptible, is_delicate
from ..exceptions import Interruption
from ..store import Claim
from .stopping import free_forks, pass_signals_by

STOP_SIGNAL = signal.SIGUSR1
MEGABYTE = 1024 * 1024


def work(claim: Claim, alias: str, worker_name: str, connection: Connection, life: Connection) -> None:
    """Run the handler: the whole life of a process."""
    _die_with_worker(life)
    pass_signals_by()
    free_forks()
    install_capture()
    stretch = SignalledStretch(connection)
    running = Running(claim, PipeSink(connection, stretch), worker_name, alias)
    running.stretch = stretch
    if running.handler is not None and (limit := running.handler.options.max_memory) is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit * MEGABYTE, limit * MEGABYTE))
    connection.send(("began", ()))
    ending = run_attempt(running)
    connection.send(("ended", _told(ending)))
    connections.close_all()


def _die_with_worker(life: Connection) -> None:
    """End this process when its worker's end of a pipe is closed.

    The kernel sends SIGIO then, which ends the process though a call into C holds the interpreter; where a system
    ignores that signal by default, a thread does it as soon as it can.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(life.fileno(), fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life.fileno(), fcntl.F_SETFL, fcntl.fcntl(life.fileno(), fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_wait_for_end, args=(life,), daemon=True).start()


def _wait_for_end(life: Connection) -> None:
    try:
        life.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGKILL)


class SignalledStretch(Interruptible):
    """The stretch in which the handler runs, interrupted by a signal."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._is_speaking = False
        self._is_late = False
        signal.signal(STOP_SIGNAL, self._receive)

    def leave(self) -> None:
        """End the stretch: after this returns, no interruption can arrive."""
        while not self._has_left:
            try:
                self._has_left = True
            except Interruption:
                continue

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Hold an interruption back until a message is sent whole."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals are handled in the main thread, and interrupt nobody else
            return
        self._is_speaking = True
        try:
            yield
        finally:
            self._is_speaking = False
        if self._is_late and self.interruption is not None:
            self._is_late = False
            raise self.interruption

    def _receive(self, _number: int, frame: FrameType | None) -> None:
        if self._has_left or self.interruption is not None:
            return
        self.interruption = self._connection.recv()
        if self._is_speaking or is_delicate(frame):
            self._is_late = True  # a process that goes on is killed in the end, which leaves nothing behind
        elif self._thread_id is not None:
            raise self.interruption


class PipeSink:
    """Send what a handler says to the worker that writes it down."""

    def __init__(self, connection: Connection, stretch: SignalledStretch) -> None:
        self._connection = connection
        self._stretch = stretch
        self._one_at_a_time = threading.Lock()

    def progressed(self, _running: Running, current: float, total: float, message: str) -> None:
        """Send progress."""
        self._send("progressed", current, total, message)

    def logged(self, _running: Running, line: dict[str, Any]) -> None:
        """Send a log line."""
        self._send("logged", line)

    def emitted(self, _running: Running, event: dict[str, Any]) -> None:
        """Send an event."""
        self._send("emitted", event)

    def _send(self, kind: str, *said: Any) -> None:
        with self._stretch.speaking(), self._one_at_a_time:
            self._connection.send((kind, said))


def _told(ending: Ending) -> tuple[Any, ...]:
    """Return all but the attempt of an ending; an exception that cannot be pickled is sent as its text."""
    try:
        pickle.loads(pickle.dumps(ending.exception))  # noqa: S301 - our own exception, just pickled
    except Exception:  # noqa: BLE001 - whatever a class's own pickling raises
        ending = ending._replace(exception=RuntimeError(ending.report.error))
    return ending[1:]
