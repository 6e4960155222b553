"""One way in for every duration that people write."""

from __future__ import annotations

import math
import re
from datetime import timedelta

Seconds = float | timedelta | str
"""How a duration may be written."""

LONGEST = timedelta(days=36_525)
"""A hundred years: what is longer is a mistake, and does not fit into calendars and columns."""

_UNITS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|)\s*")


def as_duration(value: object) -> timedelta:
    """Read seconds (a number), a timedelta, or text such as `"90"`, `"500ms"`, `"5m"`, `"7d"`.

    Raise ValueError for anything else, for negative spans, and for more than a hundred years.
    """
    seconds = _seconds(value)
    if seconds < 0:
        raise ValueError(f"{value!r} is negative")
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{str(value)[:40]!r} is longer than a hundred years")
    return value if isinstance(value, timedelta) else timedelta(seconds=seconds)


def _seconds(value: object) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"{value!r} is not a number of seconds or a timedelta")


def _parsed(text: str) -> float:
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError(f"{text!r} is not a duration; write seconds, or a number with ms, s, m, h, d or w")
    return float(written[1]) * _UNITS[written[2]]
