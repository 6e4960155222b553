"""The thread executor: many jobs side by side in one process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from django.db import connections

from ..attempt import Ending, Running, run_attempt
from .care import ConnectionCare
from .processes import run_in_process

OnStarted = Callable[[Running], None]
OnEnded = Callable[[Ending], None]


class ThreadExecutor:
    """A fixed number of threads that take jobs from one line; an abandoned thread is replaced."""

    def __init__(self, size: int, on_started: OnStarted, on_ended: OnEnded) -> None:
        self.size = size
        self._on_started = on_started
        self._on_ended = on_ended
        self._line: queue.SimpleQueue[Running | None] = queue.SimpleQueue()
        self._started = 0

    def submit(self, running: Running) -> None:
        """Run a job when a thread is free."""
        if self._started < self.size:
            self._start_thread()
        self._line.put(running)

    @property
    def waiting(self) -> int:
        """How many jobs no thread has begun."""
        return self._line.qsize()

    def drop_waiting(self) -> list[Running]:
        """Take back the jobs that no thread has begun."""
        dropped: list[Running] = []
        with suppress(queue.Empty):
            while (running := self._line.get_nowait()) is not None:
                dropped.append(running)
        return dropped

    def replace_abandoned(self) -> None:
        """Start a thread in place of one whose handler never returns."""
        self._start_thread()
        self._started -= 1

    def stop(self) -> None:
        """Let threads end when they are free."""
        for _ in range(self._started):
            self._line.put(None)

    def _start_thread(self) -> None:
        self._started += 1
        threading.Thread(target=self._work, name=f"django_jobs-{self._started}", daemon=True).start()

    def _work(self) -> None:
        care = ConnectionCare()
        while (running := self._line.get()) is not None:
            care.before()
            self._on_started(running)
            ending = run_in_process(running) if _wants_process(running) else run_attempt(running)
            care.after(was_interrupted=running.interruption is not None)
            if not running.settle():
                break
            self._on_ended(ending)
        connections.close_all()


def _wants_process(running: Running) -> bool:
    return running.handler is not None and running.handler.options.executor == "process"
