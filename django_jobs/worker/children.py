"""A worker process and its parent, and the pipe between them.

Signals would not do: Ctrl-C in a terminal and a stop by systemd reach the whole group, so that a child would hear
twice what its parent passes on. A child ignores them, and obeys its standard input: a line is an order, and the end
of the pipe means that the parent is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from uuid import UUID

from .stopping import GROUP_SIGNALS, free_forks, pass_signals_by
from .worker import Worker

CHILD = "DJANGO_JOBS_CHILD"
"""The environment variable that holds a child's worker id."""

START_AFRESH = 3
"""The exit code of a child that wants to be replaced."""

STOP, HURRY = b"stop\n", b"hurry\n"


def child_id() -> UUID | None:
    """Return the worker id that a parent gave this process; None without a parent."""
    given = os.environ.get(CHILD)
    return UUID(given) if given else None


class Child:
    """A process that runs this same command as a worker."""

    def __init__(self, worker_id: UUID, environment: Mapping[str, str] | None = None) -> None:
        self.worker_id = worker_id
        self.started = time.monotonic()
        self.is_stopping = False
        self._ordered = b""
        with _signals_held_back():
            self._process = subprocess.Popen(  # noqa: S603 - this very command
                [sys.executable, *sys.orig_argv[1:]],
                env={**os.environ, **(environment or {}), CHILD: str(worker_id)},
                stdin=subprocess.PIPE,
                bufsize=0,
            )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The process's exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self.started

    def stop(self) -> None:
        """Let it end when its running jobs have."""
        self._order(STOP)

    def hurry(self) -> None:
        """Let it give its jobs back and end now."""
        self._order(HURRY)

    def kill(self) -> None:
        """End it whatever it does."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int | None:
        """Return its exit code once it has ended; None after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Let go of the pipe to a process that has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _order(self, order: bytes) -> None:
        """Pass an order on, once: more of it than a busy child reads would fill the pipe."""
        if order == self._ordered:
            return
        self._ordered = order
        self.is_stopping = True
        assert self._process.stdin is not None
        with suppress(BrokenPipeError, ValueError):  # it has ended
            self._process.stdin.write(order)


def obey_parent(worker: Worker) -> None:
    """Stop the worker when the parent says so or is gone; leave signals to the parent."""
    pass_signals_by()
    free_forks()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, GROUP_SIGNALS)
    threading.Thread(target=_listen, args=(worker,), name="django_jobs-orders", daemon=True).start()


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Have a child start with these signals blocked, so that none ends it before it can leave them to its parent."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, GROUP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _listen(worker: Worker) -> None:
    """Read orders from the bare descriptor: a thread inside `sys.stdin` would break the interpreter's end."""
    heard = b""
    while said := os.read(sys.stdin.fileno(), 64):
        heard += said
        worker.request_stop(hurry=HURRY in heard)
    worker.request_stop()
