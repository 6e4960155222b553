"""What tests of handlers and workers share: handlers that live as long as one test, workers, worker processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from signal import Signals
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import setting_changed
from django.db import connections

from django_jobs import Worker, job
from django_jobs.handlers import Handler
from django_jobs.models import Worker as WorkerRow
from django_jobs.registry import handlers
from tests.waiting import LONG, wait_until

MakeHandler = Callable[..., Handler[..., Any]]
_numbers = count(1)


@pytest.fixture
def make_handler() -> Iterator[MakeHandler]:
    """Return a function that registers a function, whatever it is, and forgets it after the test."""
    names = []

    def make(func: Callable[..., Any], **options: Any) -> Handler[..., Any]:
        name = options.pop("name", f"tests.made_{next(_numbers)}")
        names.append(name)
        made: Handler[..., Any] = job(name, **options)(func)
        return made

    yield make
    for name in names:
        handlers.remove(name)


@pytest.fixture
def start_worker(transactional_db: None) -> Iterator[Callable[..., Worker]]:
    """Return a function that starts a worker in this process; all are stopped after the test."""
    started = []

    def start(*queue_names: str, **options: Any) -> Worker:
        worker = Worker(queue_names, **{"shutdown_timeout": 1, "poll_interval": 0.05, **options})
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        assert worker.stop(LONG), "the worker does not stop"


@pytest.fixture
def set_jobs() -> Iterator[Callable[..., None]]:
    """Return a function that changes keys of `JOBS`, in this process and in children started after."""
    with pytest.MonkeyPatch.context() as patch:

        def change(**keys: Any) -> None:
            patch.setattr(settings, "JOBS", {**settings.JOBS, **keys})
            patch.setenv("TESTS_JOBS", json.dumps(settings.JOBS))
            forget()

        yield change
    forget()


def forget() -> None:
    setting_changed.send(None, setting="JOBS", value=None, enter=True)


class WorkerProcess:
    """A `runjobs` in a process of its own, and what it said."""

    def __init__(self, arguments: list[str], environment: dict[str, str], said: Path) -> None:
        self.said = said
        with said.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "django", "runjobs", *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self.said.read_text(errors="replace")

    def send(self, number: Signals) -> None:
        self.process.send_signal(number)

    def send_to_group(self, number: Signals) -> None:
        """Send what a terminal sends on Ctrl-C: to the process and all its children."""
        os.killpg(self.process.pid, number)

    def wait(self, seconds: float = LONG) -> int:
        """Return the exit code once the process has ended."""
        return self.process.wait(seconds)

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until the process has said this."""
        wait_until(lambda: self.output.count(text) >= times or self._ended())
        assert self.output.count(text) >= times, self.output

    def _ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def row(self) -> WorkerRow | None:
        return WorkerRow.objects.filter(pid=self.process.pid).order_by("-started_at").first()

    def end(self) -> None:
        with suppress(ProcessLookupError):
            self.send_to_group(Signals.SIGKILL)
        self.process.wait(LONG)


@pytest.fixture
def runjobs(
    transactional_db: None, child_environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., WorkerProcess]]:
    """Return a function that starts `runjobs` on this test's rows; all are killed after the test."""
    started = []

    def start(*arguments: str, **environment: str) -> WorkerProcess:
        ours = {
            **child_environment,
            **{key: value for key, value in os.environ.items() if key.startswith("TESTS_")},
            "DJANGO_SETTINGS_MODULE": "tests.worker.child_settings",
            "TESTS_SCRATCH": child_environment["TESTS_SCRATCH"],
            **environment,
        }
        started.append(WorkerProcess(list(arguments), ours, tmp_path / f"worker{len(started)}.log"))
        return started[-1]

    yield start
    for process in started:
        process.end()
    connections.close_all()
