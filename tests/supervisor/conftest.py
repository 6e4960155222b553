"""Supervisors: as a process that starts workers, and as an object that starts what a test wants."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_jobs.models import Worker as WorkerRow
from django_jobs.worker import Range, Supervisor
from tests.handling import WorkerProcess, runjobs, set_jobs, start_worker
from tests.waiting import LONG, wait_until

__all__ = ["runjobs", "set_jobs", "start_worker"]


@pytest.fixture
def supervise(runjobs: Callable[..., WorkerProcess]) -> Callable[..., WorkerProcess]:
    """Return a function that starts a supervisor, and so many workers, on this test's rows."""
    return lambda processes, *arguments: runjobs("--processes", processes, *arguments)


@pytest.fixture
def make_supervisor(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Supervisor]]:
    """Return a function that makes a supervisor of small programs, to be turned round by round by the test."""
    made: list[Supervisor] = []

    def make(code: str, lowest: int = 1, highest: int = 0, **options: Any) -> Supervisor:
        monkeypatch.setattr(sys, "orig_argv", ["python", "-c", code])
        options = {"shutdown_timeout": 0.2, "queue_names": [], "drain": False, **options}
        made.append(Supervisor(Range(lowest, highest or lowest), **options))
        return made[-1]

    yield make
    for supervisor in made:
        for child in supervisor._children + supervisor._retiring:
            child.kill()
            child.wait(LONG)
            child.close()


def workers_alive(count: int) -> list[WorkerRow]:
    """Wait until there are so many workers that have not stopped; return them."""
    rows = WorkerRow.objects.filter(stopped_at=None)
    wait_until(lambda: rows.count() == count)
    return list(rows.order_by("started_at"))
