"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from .durations import Seconds, as_duration
from .exceptions import InvalidHandler

STRATEGIES = ("fixed", "linear", "exponential")

BackoffPolicy = Callable[[int], "float | timedelta"]
"""Takes the number of the attempt that ended (from 1), returns seconds or a timedelta."""


@dataclass(frozen=True)
class Backoff:
    """A growing delay: `fixed` is base, `linear` base x attempt, `exponential` base x 2^(attempt - 1).

    `base` and `maximum` are seconds. `jitter` (0 to 1) takes away up to that share at random, so that jobs which
    failed together do not come back together; the delay never exceeds `maximum`.
    """

    strategy: str = "exponential"
    base: float = 1.0
    maximum: float = 3600.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise InvalidHandler(f"Unknown backoff strategy {self.strategy!r}: use one of {', '.join(STRATEGIES)}.")
        if not 0 <= self.base <= self.maximum:
            raise InvalidHandler(f"Backoff needs 0 <= base <= maximum, got {self.base} and {self.maximum} seconds.")
        if not 0 <= self.jitter <= 1:
            raise InvalidHandler(f"Backoff jitter is a share from 0 to 1, got {self.jitter}.")

    def __call__(self, attempt: int) -> float:
        """Return the seconds to wait after attempt number `attempt`."""
        delay = min(self._grown(attempt), self.maximum)
        return delay * (1 - self.jitter * random.random())  # noqa: S311 - spreads load, guards nothing

    def _grown(self, attempt: int) -> float:
        if self.strategy == "fixed":
            return self.base
        if self.strategy == "linear":
            return self.base * attempt
        return self.base * 2.0 ** min(attempt - 1, 64)


def fixed(base: Seconds, *, jitter: float = 0.0) -> Backoff:
    """Wait the same `base` after every attempt: seconds, a timedelta, or text such as "5m"."""
    seconds = _seconds(base)
    return Backoff("fixed", seconds, seconds, jitter)


def linear(base: Seconds, *, maximum: Seconds = 3600.0, jitter: float = 0.1) -> Backoff:
    """Wait `base` more after each attempt, at most `maximum`."""
    return Backoff("linear", _seconds(base), _seconds(maximum), jitter)


def exponential(base: Seconds = 1.0, *, maximum: Seconds = 3600.0, jitter: float = 0.1) -> Backoff:
    """Double the wait from `base` after each attempt, up to `maximum`."""
    return Backoff("exponential", _seconds(base), _seconds(maximum), jitter)


def _seconds(span: Seconds) -> float:
    try:
        return as_duration(span).total_seconds()
    except ValueError as error:
        raise InvalidHandler(f"A backoff cannot wait so long: {error}.") from None
