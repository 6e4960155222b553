"""Times in requests, as this project's database keeps them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from django.conf import settings
from django.utils import timezone
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from ..options import YEARS

_NUMBER = re.compile(r"\s*[-+]?[\d._]+(?:e[-+]?\d+)?\s*", re.IGNORECASE)


def as_written(value: Any) -> Any:
    """Return a time as it was given; raise ValueError for a number, which would be taken for seconds since 1970."""
    if _NUMBER.fullmatch(str(value)):
        raise ValueError("write a time with a zone, such as 2026-01-31T12:00:00Z, not a number")
    return value


def as_stored(moment: datetime) -> datetime:
    """Return an aware time in UTC, or a naive one in the project's zone when `USE_TZ` is off.

    Raise ValueError for years that not every database can hold, or that no zone could shift.
    """
    if moment.year not in YEARS:
        raise ValueError(f"the year must lie between {YEARS[0]} and {YEARS[-1]}")
    return moment.astimezone(UTC) if settings.USE_TZ else timezone.make_naive(moment)


Moment = Annotated[AwareDatetime, BeforeValidator(as_written), AfterValidator(as_stored)]
