"""Ids that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7)."""

from __future__ import annotations

import os
import struct
import threading
import time
import uuid
from datetime import datetime, timedelta

SLACK = timedelta(minutes=1)
"""A job's id and its `created_at` are made at the same time, though not at once, and clocks may differ."""

_lock = threading.Lock()
_last = 0


def uuid7() -> uuid.UUID:
    """Return an id larger than every id this process made before, also within one millisecond."""
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[uuid.UUID]:
    """Return ids of which each is larger than the one before, and than every id this process made before.

    The 12 bits after the version hold the fraction of the millisecond (RFC 9562, section 6.2, method 3), so that
    ids of one bulk insert keep the order they were made in.
    """
    global _last  # noqa: PLW0603 - the one counter that makes ids grow
    with _lock:
        first = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
        _last = first + count - 1
    randoms = struct.unpack(f"{count}Q", os.urandom(8 * count))
    return [
        uuid.UUID(int=ticks >> 12 << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | random_bits >> 2)
        for ticks, random_bits in enumerate(randoms, first)
    ]


def first_uuid7_of(timestamp: float) -> uuid.UUID:
    """Return the smallest id of a moment, given in Unix seconds: ids made before it are smaller."""
    return uuid.UUID(int=max(int(timestamp * 1000), 0) << 80 | 0x7 << 76 | 0b10 << 62)


def made_between(first: datetime | None, end: datetime | None) -> dict[str, uuid.UUID]:
    """Return what a span of time means for ids, as lookups: ids sort by time, and have an index."""
    bounds = {"pk__gte": first and first - SLACK, "pk__lt": end and end + SLACK}
    return {lookup: first_uuid7_of(moment.timestamp()) for lookup, moment in bounds.items() if moment}
