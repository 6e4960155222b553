"""The jobs that a worker holds: where they run, and how each comes to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..attempt import Ending, Running
from ..attempt.outcomes import ended
from ..exceptions import ShutdownInterruption
from ..signals import job_started
from ..store import Claim
from .batch import ClaimKey, key_of
from .claiming import MOST_BUFFERED, Pace, is_suspect
from .eventloop import LoopExecutor
from .logger import logger
from .notifier import Notifier
from .recorder import Recorder
from .telling import Fact, log_started
from .threads import ThreadExecutor
from .wakeup import Wakeup

STALE = 5.0
"""Seconds that a claimed job may wait here for a free slot."""
MOSTLY = 0.9
"""The share of async jobs from which more are claimed for the loop than the threads could take if it were wrong."""
LAST_GRACE = 1.0
"""Seconds that handlers get to clean up after a stop has interrupted them."""


class Executors:
    """Threads for plain handlers (those with processes of their own too), an event loop for async ones."""

    def __init__(
        self,
        slots: tuple[int, int],
        recorder: Recorder,
        notifier: Notifier,
        wakeup: Wakeup,
        on_stuck: Callable[[], None],
        is_room_wanted: Callable[[], bool],
    ) -> None:
        """Offer `slots`: this many threads, and this many tasks on the loop."""
        self._slots_in_threads, self._slots_on_loop = slots
        self._recorder = recorder
        self._notifier = notifier
        self._wakeup = wakeup
        self._on_stuck = on_stuck
        self._is_room_wanted = is_room_wanted
        self._held: dict[ClaimKey, Running] = {}
        self._async_share = 0.0
        """How many of the latest jobs were async, from 0 to 1."""
        self._pace = Pace()
        self._threads = ThreadExecutor(self._slots_in_threads, self._started, self._ended)
        self._loop = LoopExecutor(self._slots_on_loop, self._started, self._ended)
        recorder.is_idle = lambda: len(self._held) <= 1

    def __len__(self) -> int:
        return len(self._held)

    def held(self) -> list[Running]:
        """Return all attempts, begun or not."""
        return list(self._held.values())

    def begun(self) -> list[Running]:
        """Return the attempts whose handlers have begun."""
        return [running for running in self.held() if running.began is not None]

    def keys(self) -> set[ClaimKey]:
        """Return the claims that are held."""
        return set(self._held.copy())

    def room(self) -> int:
        """Return how many jobs to claim: for the free slots, and a buffer of short ones; none beside a suspect."""
        held = self.held()
        if any(running.claim.rescues and is_suspect(running.claim) for running in held):
            return 0
        on_loop = sum(map(_is_async, held))
        in_threads_yet = self._slots_in_threads + self._buffer - (len(held) - on_loop)
        on_loop_yet = self._slots_on_loop + self._buffer - on_loop
        if on_loop_yet <= 0:
            return 0
        return max(in_threads_yet, min(on_loop_yet, MOST_BUFFERED)) if self._is_mostly_async else in_threads_yet

    @property
    def _is_mostly_async(self) -> bool:
        return self._async_share > MOSTLY

    @property
    def _buffer(self) -> int:
        """How many jobs to hold ready beyond the free slots."""
        return self._pace.buffer(self._slots_on_loop if self._is_mostly_async else self._slots_in_threads)

    @property
    def _waiting(self) -> int:
        return self._threads.waiting + self._loop.waiting

    def _drop_waiting(self) -> list[Running]:
        return self._threads.drop_waiting() + self._loop.drop_waiting()

    def submit(self, claim: Claim, worker_name: str, alias: str) -> None:
        """Run a claimed job as soon as a slot is free."""
        running = Running(claim, self._recorder, worker_name, alias)
        self._held[key_of(running)] = running
        self._async_share += (_is_async(running) - self._async_share) * 0.05
        if _is_async(running):
            self._loop.submit(running)
        else:
            self._threads.submit(running)

    def give_back_stale(self) -> None:
        """Give back what has waited behind jobs that turned out slow: other workers may have a free slot."""
        since = time.monotonic() - STALE
        waits = any(running.began is None and running.claimed < since for running in self.held())
        if waits and self._waiting:
            self._pace.slow_down(STALE)
            for running in self._drop_waiting():
                self._give_back(running)

    def abandon(self, running: Running) -> None:
        """Write the ending of an attempt whose handler will not stop, and leave its thread behind."""
        if running.interruption is None or not running.settle():
            return
        logger.error(
            "job %s %s does not stop: its thread is abandoned", running.claim.name, running.claim.id,
            extra={"job_id": str(running.claim.id)},
        )  # fmt: skip
        self._ended(ended(running, running.interruption))
        (self._loop if _is_async(running) else self._threads).replace_abandoned()
        self._on_stuck()

    def wind_up(self, ends_by: Callable[[], float]) -> None:
        """Give back what has not begun, let the rest end by that moment, then interrupt and give that back."""
        for running in self._drop_waiting():
            self._give_back(running)
        self._wait(ends_by)
        for running in self.held():
            running.interrupt(ShutdownInterruption("the worker stops"))
        last = time.monotonic() + LAST_GRACE
        self._wait(lambda: last)
        for running in self.held():
            if running.stopper is not None:
                running.stopper.force()
            self._give_back(running)
        self._threads.stop()
        self._loop.stop()

    def _started(self, running: Running) -> None:
        log_started(running)
        if job_started.receivers:
            self._notifier.pass_on([Fact(job_started, running.claim.id, {"attempt": running.claim.attempts})], [])

    def _ended(self, ending: Ending) -> None:
        """Tell the recorder first: a job that neither of the two knew of would be taken for one that nobody holds."""
        self._recorder.ended(ending)
        self._held.pop(key_of(ending.running), None)
        if ending.running.began is not None:
            self._pace.learn(ending.running.seconds)
        if self._is_room_wanted() and self._waiting <= self._buffer // 2:
            self._wakeup.wake()

    def _wait(self, ends_by: Callable[[], float]) -> None:
        """Wait for all that is held; an abandoned handler is not."""
        while self._held and (left := ends_by() - time.monotonic()) > 0:
            self._wakeup.sleep(min(left, 0.1))

    def _give_back(self, running: Running) -> None:
        if running.settle():
            self._ended(ended(running, ShutdownInterruption("the worker stops")))


def _is_async(running: Running) -> bool:
    return running.handler is not None and running.handler.is_async
