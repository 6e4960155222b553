"""The worker: one process that claims and runs jobs."""

from __future__ import annotations

import random
import threading
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

from django.apps import apps
from django.db import DatabaseError, InterfaceError, connections
from django.db import Error as AnyDatabaseError

from ..attempt.capture import install_capture, missed_below
from ..durations import as_duration
from ..querysets import jobs_database
from ..settings import job_settings, read_setting
from ..store import get_store
from .claiming import Claimer
from .executors import Executors
from .hearing import Hearing
from .heartbeat import Heartbeat, register_worker
from .logger import logger
from .maintenance import Maintenance
from .notifier import Notifier
from .recorder import Recorder
from .rescue import release_unheld
from .stopping import Deadline, StopReason, memory_held
from .tally import Tally
from .wakeup import SHORTEST_PAUSE, Pauses, Wakeup
from .watch import Watch

LONGEST_OUTAGE_SLEEP = 5.0
PATIENCE = 2.0
"""Seconds between tries of an embedded worker to begin, while the database has no tables yet."""


class Worker:
    """Claim jobs, run them, and record what happened, until stopped.

    `run()` works in this thread; `start()` and `stop()` embed a worker in another program. Durations are seconds or
    timedeltas; what is not given comes from the settings. With `drain` it ends when nothing is due and nothing runs.
    It ends after `max_jobs`, and when it holds more than `max_memory` MB. With `recycle` it ends when a handler
    never returned, so that a fresh process can take its place; without, it goes on with a thread in the lost one's.
    """

    def __init__(
        self,
        queue_names: Sequence[str] = (),
        *,
        concurrency: int | None = None,
        poll_interval: float | timedelta | None = None,
        shutdown_timeout: float | timedelta | None = None,
        max_jobs: int | None = None,
        max_memory: int | None = None,
        drain: bool = False,
        recycle: bool = False,
        worker_id: UUID | None = None,
    ) -> None:
        settings = job_settings()
        self.queue_names = list(queue_names)
        self.concurrency = concurrency or settings.CONCURRENCY
        interval = settings.POLL_INTERVAL if poll_interval is None else poll_interval
        self.poll_interval: float = read_setting("POLL_INTERVAL", interval).total_seconds()
        self.shutdown_timeout = _seconds(settings.SHUTDOWN_TIMEOUT if shutdown_timeout is None else shutdown_timeout)
        self.max_jobs = settings.MAX_JOBS if max_jobs is None else max_jobs
        self.max_memory = max_memory
        self.drain = drain
        self.recycle = recycle
        self.worker_id = worker_id
        self.alias = jobs_database()
        self.stop_reason: StopReason | None = None
        self._deadline = Deadline(self.shutdown_timeout)
        self._was_asked = False
        self._wakeup = Wakeup()
        self._claimed = 0
        self._is_full = False
        self._told: Collection[str] = ()
        self._outages = 0
        self._thread: threading.Thread | None = None

    # For those who embed a worker.

    def start(self) -> None:
        """Run in a thread of this process, once Django is ready and the database has its tables.

        It begins anew when its heartbeat lapsed, as on a laptop that slept.
        """
        self._thread = threading.Thread(target=self._live, name="django_jobs-worker", daemon=True)
        self._thread.start()

    def stop(self, timeout: float | None = None, *, hurry: bool = False) -> bool:
        """End when running jobs have, or with `hurry` give them back now; False if that took over `timeout` seconds."""
        self.request_stop(hurry=hurry)
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def request_stop(self, reason: StopReason = StopReason.ASKED, *, hurry: bool = False) -> None:
        """Claim no more, and end when running jobs have; with `hurry`, give them back now. Safe in signal handlers."""
        self._was_asked = self._was_asked or reason is StopReason.ASKED
        if self.stop_reason is None or reason is StopReason.ASKED:
            self.stop_reason = reason
        if not reason.can_wait:
            self._deadline.begin()
        self._deadline.is_hurried |= hurry
        self._wakeup.wake()

    def _live(self) -> None:
        apps.ready_event.wait()
        while self._ended_early():
            self.stop_reason, self._deadline = None, Deadline(self.shutdown_timeout)
            if self._was_asked:  # the line above may have forgotten it
                break

    def _ended_early(self) -> bool:
        """Work until something stops it; tell whether it shall begin anew."""
        try:
            return self.run() is StopReason.LOST
        except AnyDatabaseError as error:
            connections.close_all()
            logger.error("no jobs run in this process, is its database migrated? Trying again: %s", error)
            self._wakeup.sleep(PATIENCE)
            return True

    # The work.

    def run(self) -> StopReason:
        """Work until something stops it; return what did."""
        if not self._register():
            return self.stop_reason or StopReason.ASKED
        self._set_up()
        logger.info("worker %s started: %s, %d threads", self.row.name, self._lanes(), self.concurrency)
        try:
            while self.stop_reason is None:
                self._rest(self._guarded_round())
        except BaseException:
            self._deadline.begin()
            raise
        finally:
            self._wind_up()
        reason = self.stop_reason or StopReason.ASKED
        logger.info("worker %s stopped: %s", self.row.name, reason.value)
        return reason

    def round(self) -> float:
        """Claim and hand out what there is room for; return how many seconds to sleep."""
        self._heartbeat.confirm()
        if self.stop_reason is not None:
            return 0.0
        self._maintenance.run_due()
        self._check_memory()
        self._executors.give_back_stale()
        room = self._room()
        told, self._told = self._told, ()
        claims = self._claimer.claim(room, told) if room > 0 else []
        for claim in claims:
            self._executors.submit(claim, self.row.name, self.alias)
        self._claimed += len(claims)
        self._is_full = len(claims) >= room
        if claims:
            self._pauses.begin()
            return 0.0 if self._is_full else SHORTEST_PAUSE
        if self.drain and self._is_drained():
            self.request_stop(StopReason.DRAINED)
        return self._pauses.next()

    def _check_memory(self) -> None:
        """Stop over the limit, but not before a job has ended: a limit that is too low shall not stop all work."""
        if self.max_memory and self._claimed > len(self._executors) and memory_held() > self.max_memory:
            self.request_stop(StopReason.MAX_MEMORY)

    def _register(self) -> bool:
        """Write the worker's row, as soon as the database answers; False when a stop was asked for before that."""
        self._store = get_store(self.alias)
        while self.stop_reason is None:
            try:
                self.row = self._store.retrying(
                    lambda: register_worker(self.alias, self.queue_names, self.concurrency, self.worker_id)
                )
            except (DatabaseError, InterfaceError) as error:
                if self._store.answers():
                    raise
                self._wakeup.sleep(self._note_outage(error))
            else:
                self._outages = 0
                return True
        return False

    def _set_up(self) -> None:
        install_capture()
        if level := missed_below():
            logger.info("loggers without a level of their own store nothing below %s: LOGGING's root has it", level)
        self._pauses = Pauses(self.poll_interval, is_told=self._store.can_listen)
        self._claimer = Claimer(self._store, self.row.pk, self.queue_names)
        self._notifier = Notifier(self.alias)
        self._recorder = Recorder(self.alias, self._notifier, Tally(self.alias, self.row.pk))
        self._recorder.on_failure = lambda: self.request_stop(StopReason.LOST, hurry=True)
        slots = (self.concurrency, job_settings().ASYNC_CONCURRENCY)
        self._executors = Executors(slots, self._recorder, self._notifier, self._wakeup, self._stuck, self._wants_room)
        self._maintenance = Maintenance(self.alias, self._recorder.tell)
        self._heartbeat = Heartbeat(self.alias, self.row, self._executors.held, self._lost, self.request_stop)
        self._watch = Watch(self._executors.begun, self._executors.abandon)
        self._hearing = Hearing(self._store, self._wakeup)
        for part in (self._recorder, self._heartbeat, self._watch):
            part.start()

    def _room(self) -> int:
        room = self._executors.room()
        if not self.max_jobs:
            return room
        if self._claimed >= self.max_jobs and not self._executors:
            self.request_stop(StopReason.MAX_JOBS)
        return min(room, self.max_jobs - self._claimed)

    def _wants_room(self) -> bool:
        """Tell whether to look at once when a job ends.

        Where there was more to claim than room, where the worker itself is to end with its jobs, and where nobody
        would tell of what the job has enqueued.
        """
        is_ending = self.drain or self.max_jobs or self.stop_reason is not None
        return self._is_full or bool(is_ending) or not self._store.can_listen

    def _rest(self, seconds: float) -> None:
        told = self._hearing.sleep(seconds, is_full=self._is_full)
        if told is not None:
            self._told = told
            self._pauses.begin()

    def _stuck(self) -> None:
        if self.recycle:
            self.request_stop(StopReason.STUCK)

    def _lost(self) -> None:
        if not self._deadline.is_hurried:
            logger.critical("the heartbeat of worker %s lapsed: others have its jobs, and it stops", self.row.name)
            self.request_stop(StopReason.LOST, hurry=True)

    def _is_drained(self) -> bool:
        """Tell whether all that ran is written, and wrote nothing that is due."""
        if self._executors or not self._recorder.flush():
            return False
        return self._claimer.finds_nothing() and not self._executors

    def _guarded_round(self) -> float:
        """Do a round; while the database does not answer, say so once and sleep longer and longer."""
        try:
            sleep = self.round()
            if self._outages:
                self._recover()
        except (DatabaseError, InterfaceError) as error:
            return self._note_outage(error)
        return sleep

    def _note_outage(self, error: Exception) -> float:
        connections.close_all()
        self._outages += 1
        if self._outages == 1:
            logger.error("the database does not answer, the worker keeps trying: %s", error)
        growing = min(0.1 * 2.0 ** min(self._outages, 10), LONGEST_OUTAGE_SLEEP)
        return growing * random.uniform(0.5, 1)  # noqa: S311 - spreads load

    def _recover(self) -> None:
        """Give back claims that were made while the connection broke, and of which this worker never heard."""
        logger.warning("the database answers again after %d tries", self._outages)
        held = self._executors.keys()
        if self._recorder.flush():
            release_unheld(self.alias, self.row.pk, held)
            self._outages = 0

    def _wind_up(self) -> None:
        """Stop every part, whatever one of them raises; the stack calls the last first."""
        with ExitStack() as parts:
            parts.callback(connections.close_all)
            parts.callback(self._heartbeat.stop)
            parts.callback(lambda: self._notifier.stop(self._deadline.left_for_last_words()))
            parts.callback(self._hearing.stop)
            parts.callback(self._watch.stop)
            parts.callback(self._stop_recorder)
            self._executors.wind_up(self._deadline.moment)

    def _stop_recorder(self) -> None:
        if not self._recorder.stop(self._deadline.left_for_last_words()):
            logger.critical("not everything could be written; the jobs concerned will be rescued")

    def _lanes(self) -> str:
        return f"queues {', '.join(self.queue_names)}" if self.queue_names else "all queues"


def _seconds(value: float | timedelta) -> float:
    return as_duration(value).total_seconds()
