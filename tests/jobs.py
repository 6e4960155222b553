"""Handlers that the tests enqueue."""

from __future__ import annotations

import asyncio
import collections
import ctypes
import itertools
import logging
import multiprocessing
import os
import signal
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django_jobs import Fail, Interruption, Retry, Snooze, current_job, job

logger = logging.getLogger(__name__)


@job
def add(a: int, b: int = 0) -> int:
    """Add two numbers."""
    return a + b


@job
def echo(value: Any = None) -> Any:
    """Return what was given."""
    return value


@job(max_attempts=3)
def fail(reason: str = "broken") -> None:
    """Fail every time."""
    raise ValueError(reason)


@job
def give_up(reason: str = "no use") -> None:
    """Fail for good."""
    raise Fail(reason)


@job
def retry_later(delay: float | None = None) -> None:
    """Ask for a retry."""
    raise Retry("not yet", delay=delay)


@job
def snooze(delay: float = 60) -> None:
    """Put the job off."""
    raise Snooze(delay)


@job
def return_object() -> object:
    """Return what JSON cannot hold."""
    return object()


@job
def talk(lines: int = 3) -> str:
    """Report progress, log, and emit an event."""
    for number in range(1, lines + 1):
        logger.warning("line %d", number)
        current_job.log.info("step", extra={"number": number})
        current_job.progress(number, total=lines, message=f"line {number}")
    current_job.emit("spoken", {"lines": lines})
    return "done"


@job
async def add_async(a: int, b: int) -> int:
    """Add two numbers on the event loop."""
    await asyncio.sleep(0)
    return a + b


@job
def enqueue_another(n: int) -> int:
    """Enqueue a job from a job."""
    echo.enqueue(n)
    return n


@job
def spin(seconds: float = 60) -> None:
    """Keep a Python loop busy."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


@job
def block(seconds: float = 60) -> None:
    """Block in one C call that nothing can interrupt."""
    threading.Event().wait(0)
    time.sleep(seconds)


@job
def leave_a_thread(seconds: float = 600) -> None:
    """Return, but leave a thread that Python waits for at its end."""
    ThreadPoolExecutor(1).submit(time.sleep, seconds)


@job(executor="process")
def compute(n: int) -> int:
    """Work in a process of its own, and say so."""
    logger.warning("computing %d", n)
    current_job.progress(1, total=2, message="half")
    return n * n


@job(executor="process", max_attempts=1)
def crash(how: str) -> None:
    """Die in one of the ways that take a process with them."""
    if how == "exit":
        os._exit(7)
    if how == "segfault":
        ctypes.string_at(0)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


@job(executor="process", max_attempts=1, max_memory=200)
def allocate(megabytes: int) -> int:
    """Take memory."""
    return len(bytearray(megabytes * 1024 * 1024))


@job
def note(path: str, text: str = "") -> None:
    """Leave a line in a file: an effect that can be counted, from any process."""
    with open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123 - one write, appended whole
        stream.write(f"{current_job.id} {current_job.attempt} {text}\n")


@job(max_attempts=5)
def hold(path: str) -> None:
    """Say in a file that this runs, and run until the file is gone."""
    with open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123 - one write, appended whole
        stream.write(f"{current_job.id} {current_job.attempt}\n")
    while os.path.exists(path):  # noqa: PTH110 - as above
        time.sleep(0.01)


@job(max_attempts=5)
def note_slowly(path: str, seconds: float = 0.05) -> None:
    """Take some time, then leave a line in a file."""
    time.sleep(seconds)
    note(path)


@job
def kill_worker() -> None:
    """Take the whole worker down."""
    os.kill(os.getpid(), signal.SIGKILL)


def say(path: str, *words: object) -> None:
    """Append a line to a file, whole, from any process."""
    with open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123 - one write, appended whole
        stream.write(" ".join(map(str, words)) + "\n")


@job(max_attempts=9)
def stay(path: str, gate: str) -> int:
    """Say in a file which process this runs in, and run until the gate is there."""
    say(path, current_job.id, current_job.attempt, os.getpid())
    while not os.path.exists(gate):  # noqa: PTH110 - a test makes it
        time.sleep(0.01)
    return os.getpid()


@job(executor="process", max_attempts=9)
def stay_apart(path: str, gate: str) -> int:
    """Do the same in a process of its own."""
    return stay(path, gate)


@job(max_attempts=1)
def hold_interpreter(path: str, seconds: int) -> None:
    """Let no other thread of this process run a line of Python, as some libraries in C do."""
    say(path, os.getpid())
    ctypes.PyDLL(None).sleep(seconds)


@job
def fill_memory(megabytes: int) -> int:
    """Take memory, and leave it again."""
    return len(b"x" * (megabytes * 1024 * 1024))


@job(atomic=True, max_attempts=99)
def make_row(name: str, seconds: float = 0) -> int:
    """Leave a row that can be counted, and be slow to end."""
    _make_row(name)
    time.sleep(seconds)
    return os.getpid()


@job(max_attempts=99)
def make_row_late(name: str, seconds: float = 0) -> None:
    """Leave a row in the job's own transaction, and be slow to end it."""
    with current_job.complete_in_transaction() as completion:
        _make_row(name)
        time.sleep(seconds)
        completion.result = name


@job(atomic=True, executor="process", max_attempts=1)
def make_row_apart(name: str, path: str, how: str = "return") -> str:
    """Leave a row from a process of its own, and end in one of several ways."""
    _make_row(name)
    say(path, os.getpid())
    if how == "exit":
        os._exit(9)
    if how == "swallow":
        _swallow(once=True)
    if how == "sleep":
        time.sleep(60)
    return how


def _make_row(name: str) -> None:
    from django.contrib.auth.models import Group

    Group.objects.create(name=f"{name} {uuid.uuid4()}")


@job(executor="process", max_attempts=1)
def linger(path: str, how: str) -> str:
    """Say which process this is, and be hard to stop."""
    say(path, os.getpid())
    if how == "sleep":
        time.sleep(60)
    if how == "compute":
        collections.deque(itertools.repeat(None), maxlen=0)
    if how == "swallow":
        _swallow()
    return "was not stopped"


def _swallow(*, once: bool = False) -> None:
    while True:
        try:
            time.sleep(60)
        except BaseException:
            if once:
                return


@job(executor="process", max_attempts=1)
def chatter(path: str) -> None:
    """Log great lines without end."""
    say(path, os.getpid())
    while True:
        logger.warning("x" * 100_000)


@job(executor="process")
def speak_apart(lines: int = 3) -> str:
    """Report progress, log, and emit an event from a process of its own."""
    return talk(lines)


@job(executor="process", max_attempts=1)
def leave_child(path: str) -> None:
    """Die, and leave a child behind that holds whatever this process had open."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    say(path, child)
    os._exit(5)


class Odd(Exception):
    """An exception that cannot be sent anywhere."""

    def __init__(self, reason: str, lock: threading.Lock) -> None:
        super().__init__(reason)
        self.lock = lock


@job(executor="process", max_attempts=1)
def fail_oddly(how: str = "odd") -> None:
    """Fail with an exception of one kind or another."""
    if how == "odd":
        raise Odd("cannot be sent", threading.Lock())
    if how == "local":

        class Local(Exception):
            pass

        raise Local("nobody knows this class")
    raise LookupError("plain")


@job(executor="process", max_attempts=3)
def choose_outcome(how: str) -> Any:
    """End in one of the ways a handler can choose."""
    if how == "retry":
        raise Retry("once more", delay=60)
    if how == "snooze":
        raise Snooze(60)
    if how == "give up":
        raise Fail("no use")
    return object()


@job(aliases=["tests.former_name", "tests.first_name"])
def renamed(value: int) -> int:
    """Have had other names before."""
    return value


@job
def end_program() -> int:
    """Start a program, and end it as programs are ended."""
    program = subprocess.Popen(["sleep", "60"])
    program.terminate()
    try:
        return program.wait(5)
    finally:
        program.kill()


@job(executor="process")
def end_program_apart() -> int:
    """Do the same in a process of its own."""
    return end_program()


@job(executor="process", max_attempts=1)
def clean_up(path: str) -> None:
    """Say how one was stopped."""
    say(path, os.getpid())
    try:
        time.sleep(60)
    except Interruption as interruption:
        say(path, type(interruption).__name__, bool(current_job.is_last_attempt))
        raise


@job(executor="process", max_attempts=1)
def share(numbers: list[int]) -> list[int]:
    """Compute in several processes."""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(_square, numbers)


def _square(number: int) -> int:
    return number * number


@job
def end_fork() -> int | None:
    """Fork a process, as `multiprocessing` does on Linux, and end it as that does."""
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    process.start()
    process.terminate()
    process.join(5)
    code = process.exitcode
    process.kill()
    return code


@job(executor="process")
def end_fork_apart() -> int | None:
    """Do the same in a process of its own."""
    return end_fork()


@job(executor="process", max_attempts=1, sensitive=["token"])
def confide_apart(token: str) -> None:
    """Say a secret everywhere, from a process of its own."""
    logger.warning("with %s", token, extra={"token": token})
    current_job.progress(1, 2, token)
    raise ValueError(token)
