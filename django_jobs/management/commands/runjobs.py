"""`manage.py runjobs`: run a worker."""

from __future__ import annotations

import argparse
import atexit
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError

from django_jobs.durations import as_duration
from django_jobs.exceptions import InvalidOptions
from django_jobs.management.tables import JobsCommand
from django_jobs.options import read_queue_name
from django_jobs.reloading import Reloader, stop_on_change
from django_jobs.settings import job_settings, read_setting
from django_jobs.worker import START_AFRESH, Range, StopReason, Supervisor, Worker, child_id, free_forks, obey_parent

EXIT_GRACE = 5.0
"""Seconds that threads of handlers get to end once all else has, before the process leaves without them."""
LEVELS = {0: logging.ERROR, 1: logging.INFO, 2: logging.DEBUG, 3: logging.DEBUG}


class Command(JobsCommand):
    """Run a worker in this process."""

    help = "Runs a worker: it claims jobs from the database and runs them until it is stopped."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options; those not given come from JOBS."""
        parser.add_argument("--threads", type=_positive, metavar="N", help="Jobs to run at once (JOBS CONCURRENCY).")
        parser.add_argument(
            "--processes", type=_range, metavar="N[:M]",
            help="Run N worker processes under a supervisor, or N to M as the load asks; default: this process alone.",
        )  # fmt: skip
        parser.add_argument(
            "--queues",
            type=_queues,
            default=[],
            metavar="A,B",
            help="Queues to serve, separated by commas; default all.",
        )
        parser.add_argument(
            "--poll-interval", type=_interval, metavar="S", help="Longest sleep in seconds (JOBS POLL_INTERVAL)."
        )
        parser.add_argument(
            "--drain", "--once", action="store_true", help="Run what is due, and end when nothing is due any more."
        )
        parser.add_argument("--max-jobs", type=_positive, metavar="N", help="End after N jobs (JOBS MAX_JOBS).")
        parser.add_argument(
            "--max-memory", type=_positive, metavar="MB", help="End once the process has taken more than this."
        )
        parser.add_argument(
            "--shutdown-timeout", type=_duration, metavar="S",
            help="Seconds that running jobs get to end after SIGTERM or Ctrl-C, before they are given back.",
        )  # fmt: skip
        parser.add_argument(
            "--noreload", action="store_true", help="Do not start afresh when code changes (with DEBUG on)."
        )

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as the command line says, and see to it that the process ends then."""
        code: Any = 1
        try:
            super().run_from_argv(argv)
            code = 0
        except SystemExit as leaving:
            code = leaving.code
            raise
        finally:
            threading.Thread(target=_leave_after_main, args=(code,), name="django_jobs-leave", daemon=True).start()

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the checks once: in a supervisor, since they load what workers may never need; in a reloader's child."""
        is_spared = options["processes"] is not None if child_id() is not None else _reloads(options)
        return super().execute(*args, **{**options, "skip_checks": options["skip_checks"] or is_spared})

    def check(self, *args: Any, **options: Any) -> None:
        """Run the system checks, but not at the price of not starting while the database, which some ask, is down."""
        try:
            super().check(*args, **options)
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"Some checks were left out, since the database does not answer: {error}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run a worker, or the parent of some."""
        log_to_console(options["verbosity"])
        is_child = child_id() is not None
        if options["processes"] and not is_child:
            name_process("supervisor", options["queues"])
            self._supervise(options)
        elif _reloads(options) and not is_child:
            sys.exit(Reloader().run())
        else:
            name_process("worker", options["queues"])
            self._work(options)

    def _supervise(self, options: dict[str, Any]) -> None:
        seconds = options["shutdown_timeout"]
        code = Supervisor(
            options["processes"],
            shutdown_timeout=job_settings().SHUTDOWN_TIMEOUT.total_seconds() if seconds is None else seconds,
            queue_names=options["queues"],
            drain=options["drain"],
        ).run()
        if code:
            sys.exit(code)

    def _work(self, options: dict[str, Any]) -> None:
        """Run a worker, and start the process afresh where the worker asks for it."""
        worker = Worker(
            options["queues"],
            concurrency=options["threads"],
            poll_interval=options["poll_interval"],
            shutdown_timeout=options["shutdown_timeout"],
            max_jobs=options["max_jobs"],
            max_memory=options["max_memory"],
            drain=options["drain"],
            recycle=True,
            worker_id=child_id(),
        )
        if worker.worker_id is None:
            stop_on_signals(worker)
        else:
            obey_parent(worker)
        if _reloads(options):
            stop_on_change(worker)
        reason = worker.run()
        if reason.wants_restart:
            start_afresh(reason)


def _reloads(options: dict[str, Any]) -> bool:
    return settings.DEBUG and not (options["noreload"] or options["drain"] or options["processes"])


def _leave_after_main(code: Any) -> None:
    """End this process when the interpreter, at its end, waits in vain for a thread that a handler left behind."""
    while not _is_at_end():
        time.sleep(0.5)
    time.sleep(EXIT_GRACE)
    sys.stderr.write("A thread that a handler started does not end; the process leaves without it.\n")
    atexit._run_exitfuncs()  # noqa: SLF001 - they would come after the threads; one of them flushes logging
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _is_at_end() -> bool:
    """Tell whether the main thread has left all code of the project, and only waits for others."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)  # noqa: SLF001 - the documented way
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame is None or frame.f_code.co_name == "_shutdown"


def name_process(role: str, queue_names: list[str]) -> None:
    """Have `ps` and `top` show what this process is, where setproctitle is installed."""
    with suppress(ImportError):
        from setproctitle import setproctitle

        setproctitle(f"runjobs {role}: {', '.join(queue_names) or 'all queues'}")


def start_afresh(reason: StopReason) -> None:
    """Replace this process with a new one of the same command; a child leaves that to its parent."""
    sys.stderr.write(f"The worker starts afresh: {reason.value}.\n")
    sys.stderr.flush()
    if child_id() is not None:
        sys.exit(START_AFRESH)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very command


def stop_on_signals(worker: Worker) -> None:
    """Stop on SIGTERM and SIGINT, at once on the second; start afresh on SIGHUP."""

    def receive(*_: object) -> None:
        worker.request_stop(hurry=worker.stop_reason is StopReason.ASKED)

    free_forks()
    signal.signal(signal.SIGTERM, receive)
    signal.signal(signal.SIGINT, receive)
    signal.signal(signal.SIGHUP, lambda *_: worker.request_stop(StopReason.RESTART))


def log_to_console(verbosity: int) -> None:
    """Show the worker's log lines on stderr, unless the project's LOGGING already says where to and how many."""
    ours = logging.getLogger("django_jobs")
    if ours.level == logging.NOTSET:
        ours.setLevel(LEVELS[verbosity])
    if not ours.hasHandlers():
        console = logging.StreamHandler()
        console.setLevel(LEVELS[verbosity])  # handlers' own lines pass the logger's level by
        console.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        ours.addHandler(console)


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return number


def _range(text: str) -> Range:
    lowest, _, highest = text.partition(":")
    processes = Range(_positive(lowest), _positive(highest or lowest))
    if processes.highest < processes.lowest:
        raise argparse.ArgumentTypeError(f"{text} ends below its start")
    return processes


def _duration(text: str, read: Callable[[str], timedelta] = as_duration) -> float:
    try:
        return read(text).total_seconds()
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _interval(text: str) -> float:
    return _duration(text, partial(read_setting, "POLL_INTERVAL"))


def _queues(text: str) -> list[str]:
    try:
        return [read_queue_name(name.strip()) or "" for name in text.split(",")]
    except InvalidOptions:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of queues, with commas between their names") from None
