"""The list of jobs: tabs, days, and a window where no index leads to what matches."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.admin.templatetags.admin_list import date_hierarchy
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from ..ids import made_between
from ..models import Job
from ..querysets import JobQuerySet
from ..states import JobStatus
from . import marks
from .filters import StatusFilter
from .listing import KeysetList, capped
from .search import indexed, is_indexed, unknown_qualifiers

FIELD = "created_at"
PARTS = ("year", "month", "day")
FIRST: dict[str, dict[str, Any]] = {"year": {"month": 1, "day": 1}, "month": {"day": 1}, "day": {}}
"""What makes a day the first of its year or month."""


class JobList(KeysetList):
    """The list of jobs, without the values that may be large."""

    indexed_params = {"status"}

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """Return the jobs that match."""
        jobs = super().get_queryset(request, *args, **kwargs)
        return jobs.filter(**self.made).defer("args", "kwargs", "result")

    def get_filters(self, request: HttpRequest) -> Any:
        """Read the filters, and between which ids the jobs of the chosen days are."""
        found = super().get_filters(request)
        lookups: dict[str, Any] = found[2]
        first, end = (lookups.get(f"{FIELD}__{lookup}", [None])[-1] for lookup in ("gte", "lt"))
        self.made = made_between(first, end) if isinstance(first or end, datetime) else {}
        return found

    @property
    def statuses(self) -> StatusFilter:
        """The filter that the tabs show."""
        return next(spec for spec in self.filter_specs if isinstance(spec, StatusFilter))

    @property
    def status(self) -> str:
        """The one status whose jobs are listed; empty for all, or some."""
        chosen = self.statuses.value()
        return chosen if chosen in JobStatus.values else ""

    @property
    def order(self) -> tuple[str, ...]:  # type: ignore[override]
        """Newest first, by the index that holds the jobs of the status."""
        return ("-status", "-pk") if self.status else ("-pk",)

    @property
    def walkable(self) -> JobQuerySet:
        """The jobs of the status and the days that were chosen, and those that the search finds by an index."""
        jobs = Job.objects.using(self.root_queryset.db).filter(**self.made)
        return indexed(jobs.newest_of(self.status) if self.status else jobs, self.query)

    @property
    def is_indexed(self) -> bool:
        """Whether an index leads to all that matches."""
        asked = {name for name in self.get_filters_params() if not name.startswith(f"{FIELD}__")}
        is_simple = asked <= self.indexed_params and self.statuses.value() != "unfinished"
        return is_simple and is_indexed(self.query) and self.sees_all

    @property
    def unknown_qualifiers(self) -> str:
        """What was meant as a qualifier of the search, but is looked for as a word."""
        return ", ".join(f"{name}:" for name in unknown_qualifiers(self.query))

    @property
    def tabs(self) -> Iterator[dict[str, Any]]:
        """Each status: its label, its address, and how many jobs there are, where that is the whole truth."""
        is_counted = self.sees_all and not self.query and {*self.get_filters_params()} <= self.indexed_params
        for value, choice in zip(["", *dict(self.statuses.lookup_choices)], self.statuses.choices(self), strict=True):
            rows = self.root_queryset.filter(status=value) if value else self.root_queryset
            yield {**choice, "count": capped(rows) if is_counted and value in {"", *JobStatus.values} else None}

    @property
    def dates(self) -> dict[str, Any]:
        """What the date drill-down shows, to who sees all."""
        return drill_down(self) if self.sees_all else {"show": False}


class Days:
    """The days of a list, as Django's drill-down asks a queryset for them, which would read every row.

    Ids, which sort by time, tell the first and the last day by an index step each.
    """

    def __init__(self, cl: ChangeList) -> None:
        rows = cl.root_queryset.values_list(FIELD, flat=True)
        self.ends = sorted(filter(None, [rows.order_by("pk").first(), rows.order_by("-pk").first()]))
        asked = {part: cl.params.get(f"{FIELD}__{part}") for part in PARTS}
        self.chosen = {part: int(number) for part, number in asked.items() if number}

    def aggregate(self, **_ends: Any) -> dict[str, Any]:
        """Return when the first and the last row were made."""
        return dict(zip(("first", "last"), self.ends, strict=True))

    def datetimes(self, _field: str, kind: str) -> list[date]:
        """Return the years, months or days, by their first day, of the year and month that were chosen."""
        first, last = (marks.local(moment).date() for moment in self.ends)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        shown = (day for day in days if all(getattr(day, part) == number for part, number in self.chosen.items()))
        return sorted({day.replace(**FIRST[kind]) for day in shown})


def drill_down(cl: ChangeList) -> dict[str, Any]:
    """Return what the template `admin/date_hierarchy.html` shows."""
    days, of_days = Days(cl), copy(cl)
    if not days.ends:
        return {"show": False}
    of_days.queryset = days
    shown = date_hierarchy(of_days) or {}
    return shown if days.chosen else {**shown, "back": None}
