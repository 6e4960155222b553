"""Raising an exception in another thread: it stops whatever runs, and never what runs next."""

import gc
import logging
import random
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from itertools import count

import pytest
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from django_jobs import current_job
from django_jobs.attempt import interruption, run_attempt
from django_jobs.attempt.capture import install_capture
from django_jobs.attempt.interruption import Interruptible, is_delicate
from django_jobs.exceptions import CancelInterruption, ShutdownInterruption, TimeoutInterruption
from django_jobs.models import Queue
from django_jobs.states import Outcome
from tests.attempt.attempts import running_of
from tests.waiting import wait_until

logger = logging.getLogger(__name__)

pytestmark = pytest.mark.filterwarnings(
    # hypothesis counts the collector's time in a callback, where an interruption can arrive like anywhere else
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@contextmanager
def in_thread(running):
    """Run an attempt in a thread of its own; yield the list that its ending arrives in."""
    endings = []

    def run():
        endings.append(run_attempt(running))
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield endings
    finally:
        thread.join(20)
    assert not thread.is_alive()


def interrupted(running, interruption):
    """Run an attempt, interrupt it once its handler runs, and return its ending."""
    with in_thread(running) as endings:
        wait_until(lambda: running.began)
        assert running.interrupt(interruption)
        return wait_until(lambda: endings)[0]


def test_a_busy_loop_is_stopped(make_handler):
    def spin():
        for _ in count():
            pass

    report = interrupted(running_of(make_handler(spin)), TimeoutInterruption("too long")).report
    assert (report.outcome, report.error) == (Outcome.RETRY, "too long")


def test_a_handler_that_catches_every_exception_is_stopped(make_handler):
    def cling():
        while True:
            try:
                for _ in range(1000):
                    pass
            except Exception:
                continue

    assert interrupted(running_of(make_handler(cling)), CancelInterruption("")).report.outcome is Outcome.CANCELLED


def test_a_handler_may_clean_up(make_handler):
    cleaned = []

    def tidy():
        try:
            while True:
                pass
        finally:
            cleaned.append(current_job.name)

    handler = make_handler(tidy)
    assert interrupted(running_of(handler), ShutdownInterruption("")).report.outcome is Outcome.RELEASED
    assert cleaned == [handler.name]


def test_an_attempt_is_interrupted_once():
    stretch = Interruptible()
    assert stretch.interrupt(CancelInterruption("first"))
    assert not stretch.interrupt(TimeoutInterruption("second"))
    assert isinstance(stretch.interruption, CancelInterruption)


def test_an_interruption_that_python_swallows_is_raised_once_more(make_handler):
    swallowing = threading.Event()

    class Deaf:
        def __del__(self):
            swallowing.set()
            while True:
                pass

    def spin_on():
        Deaf()
        swallowing.clear()
        while True:
            pass

    running = running_of(make_handler(spin_on))
    with in_thread(running) as endings:
        wait_until(swallowing.is_set)
        assert running.interrupt(TimeoutInterruption("too long"))
        wait_until(lambda: not swallowing.is_set())
        assert not endings
        assert running.insist()
    assert endings[0].report.outcome is Outcome.RETRY
    assert not running.insist()


def test_an_attempt_that_has_ended_is_not_interrupted(make_handler):
    running = running_of(make_handler(lambda: 1))
    assert run_attempt(running).report.outcome is Outcome.COMPLETED
    assert not running.interrupt(TimeoutInterruption("late"))
    assert running.interruption is None


def test_an_attempt_interrupted_before_it_began_does_not_run_its_handler(make_handler):
    ran = []
    running = running_of(make_handler(lambda: ran.append(1)))
    assert running.interrupt(CancelInterruption("never mind"))
    assert run_attempt(running).report.outcome is Outcome.CANCELLED
    assert not ran


def short_and_varied():
    """Do some work of each kind, for about as long as an interruption takes to come."""
    made: list[object] = []
    for number in range(random.randrange(2000)):
        try:
            made.append(str([number]).encode())
        finally:
            abs(number)


@pytest.fixture
def busy_switching():
    """Have threads take turns every few microseconds, so that interruptions arrive everywhere."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


KINDS = {TimeoutInterruption: Outcome.RETRY, CancelInterruption: Outcome.CANCELLED}


class Line:
    """A thread that runs attempts one after the other, and what came of them."""

    def __init__(self, handler, until):
        self.handler, self.until = handler, until
        self.current = running_of(handler)
        self.ran: Counter[Outcome] = Counter()
        self.faults: list[object] = []
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        try:
            while time.monotonic() < self.until:
                self.run(running_of(self.handler))
        except BaseException as error:
            self.faults.append(error)

    def run(self, running):
        self.current = running
        outcome = run_attempt(running).report.outcome
        self.ran[outcome] += 1
        interruption = running.interruption
        if outcome is not Outcome.COMPLETED and (interruption is None or outcome is not KINDS[type(interruption)]):
            self.faults.append((outcome, interruption))


@pytest.fixture
def busy_collector():
    """Have the collector run all the time, and Python code with it, which swallows what is raised there."""
    usual = gc.get_threshold()
    gc.callbacks.append(lambda phase, info: str([phase, info]).encode())
    gc.set_threshold(20)
    yield
    gc.set_threshold(*usual)
    gc.callbacks.pop()


@pytest.mark.usefixtures("busy_switching", "busy_collector")
@pytest.mark.parametrize("threads", [1, 3])
def test_no_interruption_leaks_into_the_next_attempt_on_the_thread(make_handler, threads):
    """Thousands of very short attempts, interrupted at random moments: none may escape, hang, or hit the next."""
    handler = make_handler(short_and_varied)
    lines = [Line(handler, time.monotonic() + 2) for _ in range(threads)]
    while any(line.thread.is_alive() for line in lines):
        for line in lines:
            line.current.interrupt(random.choice(list(KINDS))("now"))
        time.sleep(random.random() * 0.0005)
    assert not [line.faults for line in lines if line.faults]
    ran = sum((line.ran for line in lines), Counter())
    assert min(ran[outcome] for outcome in (Outcome.COMPLETED, *KINDS.values())) > 10


@pytest.mark.django_db(transaction=True)
def test_an_interruption_waits_for_a_rollback_that_has_begun(make_handler, monkeypatch):
    """Django commits what was not rolled back when it turns to autocommit again, on SQLite and MySQL."""
    rollback, is_ending, looks = BaseDatabaseWrapper.rollback, threading.Event(), []

    def look(frame):
        looks.append(frame)
        return is_delicate(frame)

    def hesitate(connection):
        is_ending.set()
        while len(looks) < 3:
            pass
        rollback(connection)

    def change_its_mind():
        with transaction.atomic():
            Queue.objects.create(name="half")
            raise ValueError("broken")

    monkeypatch.setattr(BaseDatabaseWrapper, "rollback", hesitate)
    monkeypatch.setattr(interruption, "is_delicate", look)
    running = running_of(make_handler(change_its_mind))
    with in_thread(running) as endings:
        wait_until(is_ending.is_set)
        running.interrupt(CancelInterruption("enough"))
        ending = wait_until(lambda: endings)[0]
    assert ending.report.outcome is Outcome.CANCELLED
    assert not Queue.objects.exists()


class SlowStream:
    """A stream that is slow enough for threads to queue up behind a logging handler's lock."""

    def write(self, text):
        time.sleep(0.0002)

    def flush(self):
        pass


@pytest.mark.parametrize("propagates", [True, False])
def test_an_interrupted_handler_leaves_no_lock_behind_in_logging(make_handler, propagates):
    """A handler interrupted while it waits for or holds the lock of a logging handler must not keep it."""
    install_capture()
    shared = logging.StreamHandler(SlowStream())
    noisy = logging.getLogger(f"{__name__}.noisy")
    noisy.addHandler(shared)
    noisy.propagate = propagates

    def talk():
        while True:
            noisy.warning("line")

    handler = make_handler(talk)
    threads = []
    try:
        for _ in range(80):
            runs = [running_of(handler) for _ in range(3)]
            threads = [threading.Thread(target=run_attempt, args=(running,), daemon=True) for running in runs]
            for thread in threads:
                thread.start()
            wait_until(lambda: all(running.began for running in runs))  # noqa: B023
            for running in runs:
                running.interrupt(TimeoutInterruption("enough"))
            for thread in threads:
                thread.join(5)
                assert not thread.is_alive(), "a thread waits for a lock that an interrupted one left behind"
    finally:
        noisy.removeHandler(shared)
    assert shared.lock is not None
    assert shared.lock.acquire(timeout=5)
    shared.lock.release()
