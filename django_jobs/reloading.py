"""Starting the worker afresh when code changes, in development.

A parent holds the last code that loaded, and runs the worker as its child. The child ends with `START_AFRESH` when a
file changed, after it gave its jobs back; a child that dies of an error is started again at the next change.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.utils import autoreload

from .ids import uuid7
from .worker import START_AFRESH, Child, StopReason, Worker

STARTED = "DJANGO_JOBS_STARTED"
"""The environment variable that tells a child when it began, in seconds since the epoch."""


def stop_on_change(worker: Worker) -> None:
    """Have the worker give its jobs back and end with `StopReason.CHANGED` when a loaded file changes."""

    def changed(**_: Any) -> bool:
        worker.request_stop(StopReason.CHANGED, hurry=True)
        return True

    autoreload.file_changed.connect(changed, weak=False)
    threading.Thread(target=_watch, args=(changed,), name="django_jobs-reloader", daemon=True).start()


def _watch(changed: Callable[[], object]) -> None:
    """Let Django's reloader look again and again, and see what it cannot: changes from before its first look."""
    reloader = autoreload.get_reloader()
    autoreload.autoreload_started.send(sender=reloader)
    looks = reloader.tick()
    next(looks)
    if _has_changed_since(float(os.environ.get(STARTED, "inf"))):
        changed()
    for _ in looks:
        pass


class Reloader:
    """The parent: it starts the same command as a child, again after each change."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._child: Child | None = None

    def run(self) -> int:
        """Run children until one ends by itself or a signal ends it; return its exit code."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while True:
            before = _times()
            code = self._run_child()
            if code == 0 or self._stopped.is_set():
                return 0 if code == START_AFRESH else code
            if code != START_AFRESH:
                sys.stderr.write(f"The worker ended with exit code {code}; it starts again when a file changes.\n")
                self._wait_for_change(before)

    def _run_child(self) -> int:
        self._child = Child(uuid7(), {STARTED: repr(time.time())})
        if self._stopped.is_set():
            self._child.stop()
        return self._child.wait() or 0

    def _stop(self, *_: object) -> None:
        if self._child is not None:
            self._child.hurry() if self._child.is_stopping else self._child.stop()
        self._stopped.set()

    def _wait_for_change(self, before: dict[Path, float]) -> None:
        while not self._stopped.wait(1) and _times() == before:
            pass


def _has_changed_since(began: float) -> bool:
    """Tell whether a file was written after this process began, which may have read it before."""
    now = time.time()
    return any(began < changed_at <= now for changed_at in _times().values())


def _times() -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in autoreload.iter_all_python_module_files() if path.exists()}
