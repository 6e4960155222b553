"""What other connections do at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

LONG = 30.0
"""Seconds: far more than anything here takes, so that only a fault lets it pass."""


class Elsewhere(threading.Thread):
    """Run a function in a thread, on a connection of its own, and keep what it returned or raised."""

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._function = function
        self._value: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._value = self._function()
        except BaseException as error:
            self._error = error
        finally:
            connections.close_all()

    def value(self) -> Any:
        """Wait for the function's end; return or raise what it did."""
        self.join(LONG)
        assert not self.is_alive(), "it still runs, or waits for a lock"
        if self._error is not None:
            raise self._error
        return self._value


IMPATIENT = {
    "postgresql": "SET lock_timeout = '2s'",
    "mysql": "SET innodb_lock_wait_timeout = 2",
    "sqlite": "PRAGMA busy_timeout = 2000",
}


def unhindered(function: Callable[[], Any]) -> Any:
    """Return what a function does on a connection that waits for no lock of others; raise if it has to."""

    def hurry() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(IMPATIENT[connection.vendor])
        return function()

    return Elsewhere(hurry).value()


def tell_the_planner() -> None:
    """Have the database count its jobs now: that there are few is when planners like to walk the whole table."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE django_jobs_job" if connection.vendor == "mysql" else "ANALYZE")


def all_at_once(*functions: Callable[[], Any]) -> list[Any]:
    """Start these functions together, each on a connection of its own; return what they returned."""
    gate = threading.Barrier(len(functions))

    def behind_the_gate(function: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            gate.wait(LONG)
            return function()

        return run

    others = [Elsewhere(behind_the_gate(function)) for function in functions]
    return [other.value() for other in others]


@contextmanager
def held_open(function: Callable[[], Any]) -> Iterator[Any]:
    """Do something elsewhere in a transaction, and leave it open for as long as this block lasts."""
    from django.db import transaction

    done, leave = threading.Event(), threading.Event()
    values: list[Any] = []

    def hold() -> None:
        try:
            with transaction.atomic():
                values.append(function())
                done.set()
                leave.wait(LONG)
        finally:
            done.set()

    other = Elsewhere(hold)
    assert done.wait(LONG)
    try:
        yield values[0] if values else other.value()
    finally:
        leave.set()
        other.value()
