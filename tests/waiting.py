"""Waiting for what other threads and processes do: on a state, with a deadline, never for a span."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LONG = 45.0
"""Seconds: far more than anything here takes, so that only a fault lets it pass."""


def wait_until(condition: Callable[[], T], seconds: float = LONG) -> T:
    """Return the condition's first true answer; fail when it gives none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"still not so after {seconds:g} s"
        time.sleep(0.01)
    return answer
