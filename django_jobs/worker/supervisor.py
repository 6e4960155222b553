"""The supervisor: starts worker processes, watches them, and replaces those that end.

It runs no handler, so nothing can starve the heartbeats that it sends for its children. When one dies, its jobs are
rescued at once, without waiting for a heartbeat to lapse.
"""

from __future__ import annotations

import logging
import random
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import connections

from ..ids import uuid7
from ..models import Worker as WorkerRow
from ..querysets import jobs_database
from ..settings import job_settings
from ..store import get_store
from ..store.lanes import waiting
from .children import START_AFRESH, Child
from .heartbeat import BEATS_PER_TIMEOUT
from .logger import SafeLogger
from .notifier import Notifier
from .outage import Guard
from .rescue import overdue, rescue
from .scaling import Range, Scaling
from .stopping import LAST_WORDS
from .wakeup import Wakeup

logger = SafeLogger(logging.getLogger("django_jobs.supervisor"))

TICK = 0.2
SHORT_LIFE = 10.0
"""A child that ends sooner is started again only after a growing pause."""
LONGEST_PAUSE = 30.0
SCALE_EVERY = 2.0
MOST_URGENT = 100
"""So many of a queue's most urgent jobs are asked how long they have been due, beside its least urgent ones."""
STUCK = timedelta(seconds=30)
"""How long beyond its limit a job may run in a child before the child is killed: it should have stopped the job."""
KILL_AFTER = 10.0
"""Seconds beyond the shutdown timeout after which a child that does not end is killed."""


class Supervisor:
    """Keep between `lowest` and `highest` worker processes running this same command."""

    def __init__(self, processes: Range, *, shutdown_timeout: float, queue_names: list[str], drain: bool) -> None:
        self._shutdown_timeout = shutdown_timeout
        self._queue_names = queue_names
        self._drain = drain
        self._alias = jobs_database()
        self._children: list[Child] = []
        self._unrescued: list[Child] = []
        self._scaling = Scaling(processes)
        self._short_lives = 0
        self._next_start = 0.0
        self._wakeup = Wakeup()
        self._notifier = Notifier(self._alias)
        self._exit_code = 0
        self._is_stopping = False
        self._is_hurried = False
        self._restarts = False
        self._retiring: list[Child] = []
        self._stuck: set[UUID | None] = set()
        lease = job_settings().WORKER_TIMEOUT.total_seconds()
        self._duties = {
            self._beat: lease / BEATS_PER_TIMEOUT,
            self._scale: SCALE_EVERY,
            self._kill_stuck: lease / 4,
            self._kill_ended: KILL_AFTER,
        }
        self._due = dict.fromkeys(self._duties, 0.0)
        self._guarded = Guard(logger, "the database does not answer: %s")

    def run(self) -> int:
        """Supervise until a signal says stop, or all is drained, and all children have ended; return an exit code."""
        self._listen()
        logger.info("supervisor started: %d to %d processes", *vars(self._scaling.processes).values())
        while not self._is_stopping:
            self.round()
            if self._drain and not self._children and self._scaling.wanted <= 0:
                break
            self._wakeup.sleep(TICK)
        self._stop_children()
        self._notifier.stop(LAST_WORDS)
        connections.close_all()
        logger.info("supervisor stopped")
        return self._exit_code

    def round(self) -> None:
        """Bury the dead, start what is missing, and do the duties that are due."""
        self._bury()
        self._guarded(self._replace_all_if_asked)
        self._fill_up()
        for duty in self._duties:
            self._do_if_due(duty)

    def _listen(self) -> None:
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, self._restart)

    def _stop(self, *_: object) -> None:
        self._is_hurried = self._is_stopping
        self._is_stopping = True
        self._wakeup.wake()

    def _restart(self, *_: object) -> None:
        self._restarts = True
        self._wakeup.wake()

    # The children.

    @property
    def _working(self) -> list[Child]:
        return [child for child in self._children if not child.is_stopping]

    def _fill_up(self) -> None:
        while len(self._working) < self._scaling.wanted and time.monotonic() >= self._next_start:
            try:
                child = Child(uuid7())
            except OSError as error:
                logger.error("no worker process could be started: %s", error)
                self._pause_starts()
                return
            self._children.append(child)
            logger.info("worker process %d started", child.pid, extra={"child": child.pid})

    def _bury(self) -> None:
        dead = [child for child in self._children if child.exit_code is not None]
        for child in dead:
            self._children.remove(child)
            child.close()
            self._note_life(child)
            self._note_drained(child)
        self._unrescued += dead
        if self._unrescued:
            self._guarded(self._rescue)

    def _note_life(self, child: Child) -> None:
        is_expected = child.exit_code in {0, START_AFRESH} or child.is_stopping
        level = logging.INFO if is_expected else logging.ERROR
        logger.log(level, "worker process %d ended: %s", child.pid, _cause_of(child), extra={"child": child.pid})
        if is_expected or child.seconds > SHORT_LIFE:
            self._short_lives = 0
            return
        self._pause_starts()

    def _pause_starts(self) -> None:
        self._short_lives += 1
        pause = min(0.5 * 2.0 ** min(self._short_lives, 10), LONGEST_PAUSE) * random.uniform(0.75, 1)  # noqa: S311 - spreads load
        self._next_start = time.monotonic() + pause

    def _note_drained(self, child: Child) -> None:
        """With `drain`, replace a child that was killed or wants to start afresh, but none that ended for good."""
        code = child.exit_code or 0
        if self._drain and code >= 0 and code != START_AFRESH and not child.is_stopping:
            self._scaling.wanted -= 1
            self._exit_code = self._exit_code or code

    def _rescue(self) -> None:
        """Take back the jobs of the children that ended; one that signed off has left none, whatever its exit code."""
        now = get_store(self._alias).now()
        rows = WorkerRow.objects.using(self._alias).filter(pk__in=[child.worker_id for child in self._unrescued])
        rows.filter(stopped_at=None).update(stopped_at=now)
        while (written := rescue(self._alias)).endings:
            self._notifier.tell(written)
        self._unrescued = []

    def _replace_all_if_asked(self) -> None:
        """Start fresh processes, and let the old ones end once these are at work."""
        if self._restarts:
            self._restarts = False
            self._retiring += self._working
            logger.info("replacing %d worker processes", len(self._retiring))
            for child in self._retiring:
                child.is_stopping = True
        elif self._retiring and self._are_registered(self._working):
            for child in self._retiring:
                child.stop()
            self._retiring = []

    def _are_registered(self, children: list[Child]) -> bool:
        rows = WorkerRow.objects.using(self._alias).filter(pk__in=[child.worker_id for child in children])
        return len(children) >= self._scaling.wanted and rows.count() == len(children)

    def _stop_children(self) -> None:
        logger.info("stopping %d worker processes", len(self._children))
        deadline = time.monotonic() + self._shutdown_timeout + KILL_AFTER
        while self._children:
            for child in self._children:
                child.hurry() if self._is_hurried else child.stop()
            if time.monotonic() > deadline:
                deadline = float("inf")
                self._kill_all()
            self._bury()
            self._do_if_due(self._beat)
            self._wakeup.sleep(TICK / 4)

    def _kill_all(self) -> None:
        for child in self._children:
            logger.error("worker process %d does not end and is killed", child.pid)
            child.kill()

    # The duties.

    def _do_if_due(self, duty: Callable[[], None]) -> None:
        if time.monotonic() >= self._due[duty]:
            self._due[duty] = time.monotonic() + self._duties[duty]
            self._guarded(duty)

    def _beat(self) -> None:
        """Renew the heartbeats of all children that live, whatever keeps them busy."""
        store = get_store(self._alias)
        rows = WorkerRow.objects.using(self._alias).filter(pk__in=[child.worker_id for child in self._children])
        with store.turn():
            rows.filter(stopped_at=None).update(heartbeat_at=store.now())

    def _scale(self) -> None:
        """Have as many processes as due jobs ask for by waiting."""
        if self._scaling.is_fixed:
            return
        self._scaling.look(self._longest_wait())
        if len(self._working) > self._scaling.wanted:
            self._working[-1].stop()

    def _longest_wait(self) -> timedelta | None:
        """Return for how long a job has been due that these workers could claim; None without one."""
        store = get_store(self._alias)
        names = [name for name in store.survey().queue_names if name in (self._queue_names or [name])]
        dues = [due for _depth, due in waiting(store, names, MOST_URGENT).values()]
        return store.now() - min(dues) if dues else None

    def _kill_stuck(self) -> None:
        """Kill a child that cannot even stop a job at its limit: some code in C holds its interpreter.

        It has to be found so twice: after an outage of the database a child first writes what its jobs came to.
        """
        before, self._stuck = self._stuck, set()
        self._stuck = set(overdue(self._alias, get_store(self._alias).now(), STUCK).values())
        for child in self._children:
            if child.worker_id in before & self._stuck:
                logger.error("worker process %d is stuck in a job beyond its limit and is killed", child.pid)
                child.kill()

    def _kill_ended(self) -> None:
        """Kill a child that has signed off, but whose process does not end."""
        since = get_store(self._alias).now() - timedelta(seconds=KILL_AFTER)
        rows = WorkerRow.objects.using(self._alias).filter(pk__in=[child.worker_id for child in self._children])
        ended = set(rows.filter(stopped_at__lt=since).values_list("pk", flat=True))
        for child in self._children:
            if child.worker_id in ended:
                logger.error("worker process %d has stopped, does not end and is killed", child.pid)
                child.kill()


def _cause_of(child: Child) -> str:
    code = child.exit_code or 0
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
