"""The event-loop executor: `async def` handlers, hundreds at once, in one thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from typing import Any

from asgiref.sync import SyncToAsync
from django.db import connections
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from ..attempt import Running, run_attempt_async
from ..attempt.running import current_running
from .care import ConnectionCare, opened_here
from .logger import logger
from .threads import OnEnded, OnStarted

CLEAN_UP = 1.0
"""Seconds that tasks get to end when the loop stops; their jobs were given back."""


class OrmCare:
    """Care for the one thread where asgiref runs the ORM for async code, at no cost for code that uses no ORM.

    Nobody waits for that thread: what is put into its line when a job begins is done before the job's first query.
    """

    def __init__(self) -> None:
        self._care: ConnectionCare | None = None

    def begin(self) -> None:
        """Care from now on, for connections that were opened before too."""
        if self._care is None:
            SyncToAsync.single_thread_executor.submit(self._begin)

    def before(self) -> None:
        """Have dead and old connections dropped, where there are signs of any, or nobody has looked for some."""
        executor = SyncToAsync.single_thread_executor
        if executor._threads:  # noqa: SLF001 - its thread may have connected for code that is no job
            self.begin()
        if self._care is not None and self._care.is_due():
            executor.submit(self._care.before)

    def _begin(self) -> None:
        self._care = self._care or ConnectionCare()
        self._care.before()


orm_care = OrmCare()


@receiver(connection_created, dispatch_uid="django_jobs-orm-care")
def _note_opened(**_: Any) -> None:
    """Begin to care when a job has connected in a thread that is none of ours."""
    if opened_here() is None and current_running() is not None:
        orm_care.begin()


class LoopExecutor:
    """One event loop in a thread of its own, started with the first job; so many tasks at once, the rest in line."""

    def __init__(self, size: int, on_started: OnStarted, on_ended: OnEnded) -> None:
        self.size = size
        self._on_started = on_started
        self._on_ended = on_ended
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: deque[Running] = deque()
        self._is_called = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopped = False

    def submit(self, running: Running) -> None:
        """Run a job beside the others when there is room."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._work, args=(self._loop,), name="django_jobs-loop", daemon=True).start()
        self._line.append(running)
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon_threadsafe(self._answer)

    @property
    def waiting(self) -> int:
        """How many jobs have not begun."""
        return len(self._line)

    def drop_waiting(self) -> list[Running]:
        """Take back the jobs that have not begun."""
        dropped: list[Running] = []
        with suppress(IndexError):
            while True:
                dropped.append(self._line.popleft())
        return dropped

    def replace_abandoned(self) -> None:
        """Let another task run in place of one that never ends."""
        self.size += 1

    def stop(self) -> None:
        """Stop the loop; its jobs have ended or were given back."""
        self._is_stopped = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keep the loop running: SystemExit and KeyboardInterrupt of a task leave it, besides ending the task."""
        while not self._is_stopped:
            try:
                loop.run_forever()
            except BaseException as error:  # noqa: BLE001 - as the docstring says
                logger.warning("%s left the event loop of the handlers; it goes on", type(error).__name__)
        if left := [*self._tasks]:
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left, timeout=CLEAN_UP))
        loop.close()
        connections.close_all()

    def _answer(self) -> None:
        """Begin what was submitted; what comes from now on calls again."""
        self._is_called = False
        self._fill()

    def _fill(self) -> None:
        with suppress(IndexError):
            while len(self._tasks) < self.size:
                task = asyncio.create_task(self._run(self._line.popleft()))
                self._tasks.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._line:
            self._fill()

    async def _run(self, running: Running) -> None:
        orm_care.before()
        self._on_started(running)
        ending = await run_attempt_async(running)
        if ending.exception is not None:
            orm_care.begin()
        if running.settle():
            self._on_ended(ending)
