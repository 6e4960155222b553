"""What a request asks for: filters, and pages by the last id seen."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from ..handlers import names_hiding
from ..ids import made_between
from ..models import JobLog
from ..options import HIGHEST_PRIORITY, LOWEST_PRIORITY
from ..querysets import WINDOW, JobQuerySet, horizon
from ..states import JobStatus
from ..texts import storable_json
from .moments import Moment

LARGEST_PAGE = 100
LARGEST_ID = 2**63 - 1

_ARGUMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.ASCII | re.DOTALL)

M = TypeVar("M", bound=Model)


def _storable(text: str) -> str:
    storable_json(text, "the text")
    return text


def _argument(text: str) -> tuple[str, Any]:
    parts = _ARGUMENT.fullmatch(text)
    if parts is None:
        raise ValueError("write name=value, where the value is JSON or plain text")
    value = _value_of(parts[2])
    storable_json(value, f"the value of {parts[1]}")
    return parts[1], value


def _value_of(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


Text = Annotated[str, AfterValidator(_storable)]
Argument = Annotated[
    tuple[str, Any],
    BeforeValidator(_argument),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*="}),
]
Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="The most rows to return.")]


class JobFilters(Schema):
    """Which jobs; those that can be given more than once match any of the values, arguments match all."""

    model_config = ConfigDict(extra="forbid")

    status: list[JobStatus] = []
    name: list[Text] = Field([], description="The handler's name.")
    queue_name: list[Text] = []
    priority: list[Annotated[int, Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)]] = []
    owner: Text | None = Field(None, description="As app.model:key.")
    argument: list[Argument] = Field([], description="As name=value.")
    created_after: Moment | None = None
    created_before: Moment | None = None
    cursor: UUID | None = Field(None, description="The `next` of the page before.")
    limit: Limit = 25

    def page(self, jobs: JobQuerySet) -> dict[str, Any]:
        """Return a page of those of these jobs that every filter lets through, newest first.

        Where no index leads to them, only the newest that may match are looked at, and the next page goes on there.
        """
        jobs = jobs.owned_by(self.owner) if self.owner else jobs
        is_owned = jobs.query.has_filters()  # by the filter, or by the rules of who sees what
        statuses = self.status if len(self.status) < 2 and not is_owned else []
        walked = self._walked(jobs, statuses)
        asked = (self.name, self.queue_name, self.priority, self.argument, self.owner == "", self.status != statuses)
        end = horizon(walked, WINDOW) if any(asked) else None
        found = self._narrowed(walked if end is None else walked.filter(pk__gte=end), [] if statuses else self.status)
        rows, cursor = _page(found, self.limit)
        return {"jobs": rows, "next": cursor or end, "looked_back_to": end}

    def _walked(self, jobs: JobQuerySet, statuses: list[JobStatus]) -> JobQuerySet:
        """Return the jobs that an index gives newest first, and among which are all that match."""
        older = jobs if self.cursor is None else jobs.filter(pk__lt=self.cursor)
        older = older.filter(**made_between(self.created_after, self.created_before))
        if not statuses:
            return older.order_by("-pk")
        # from a cursor on, a range would be walked from its beginning
        return older.newest_of(statuses[0]) if self.cursor is None else older.filter(status=statuses[0]).order_by("-pk")

    def _narrowed(self, jobs: JobQuerySet, statuses: list[JobStatus]) -> JobQuerySet:
        lookups = {
            "status__in": statuses, "name__in": self.name, "queue_name__in": self.queue_name,
            "priority__in": self.priority, "created_at__gte": self.created_after, "created_at__lt": self.created_before,
        }  # fmt: skip
        jobs = jobs.filter(**{lookup: asked for lookup, asked in lookups.items() if asked})
        jobs = jobs.owned_by("") if self.owner == "" else jobs
        for name, value in self.argument:
            jobs = jobs.with_arguments(**{name: value}).exclude(name__in=names_hiding(name))
        return jobs


class LogFilters(Schema):
    """Which log lines of a job."""

    model_config = ConfigDict(extra="forbid")

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field("DEBUG", description="The lowest level.")
    cursor: Annotated[int, Field(ge=0, le=LARGEST_ID, description="The id of the last line seen.")] = 0
    limit: Limit = LARGEST_PAGE

    def page(self, lines: QuerySet[JobLog]) -> tuple[list[Any], int | None]:
        """Return a page of log lines, oldest first, and the cursor of the next one."""
        lowest = logging.getLevelNamesMapping()[self.level]
        return _page(lines.filter(level__gte=lowest, pk__gt=self.cursor).order_by("pk"), self.limit)


def _page(rows: QuerySet[M], limit: int) -> tuple[list[M], Any]:
    """Return one page, and the id after which the next begins: None when this is the last."""
    found = list(rows[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def refuse_unknown(request: HttpRequest, known: Iterable[str]) -> None:
    """Raise 400 for a misspelt filter, which would otherwise let everything through."""
    names = list(known)
    for name in request.GET:
        if name not in names:
            raise HttpError(400, f"There is no filter {name!r}; the filters are {', '.join(names)}.")
