"""The filters beside the lists: each is a question of the querysets, and none reads the table for its choices."""

# ruff: noqa: ARG002 - Django's admin passes more than every override needs

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from operator import methodcaller
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import Job
from ..querysets import WINDOW, horizon
from ..states import JobStatus
from ..store import get_store
from .marks import cut

Choices = Iterable[tuple[Any, Any]]

SAMPLE = 1000
"""How many of the newest jobs the choices are gathered from."""
SHOWN = 8
ERROR = 100
"""So many characters of an error tell it from others."""


class Question(SimpleListFilter):
    """Some questions, each with its label, and how to ask it."""

    questions: dict[str, tuple[Any, Callable[[Any], QuerySet[Any]]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Name the questions."""
        return [(name, label) for name, (label, _ask) in self.questions.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Ask the chosen one."""
        _label, ask = self.questions.get(self.value() or "", ("", None))
        return ask(queryset) if ask else queryset


class StatusFilter(Question):
    """Each status, and the two questions that people ask across them."""

    title = _("status")
    parameter_name = "status"
    template = "admin/django_jobs/job/nothing.html"  # the tabs show it
    questions = {
        **{name: (label, methodcaller("newest_of", name)) for name, label in JobStatus.choices},
        "unfinished": (_("not finished"), methodcaller("unfinished")),
        "orphaned": (_("running, worker lost"), methodcaller("orphaned")),
    }


class Facet(SimpleListFilter):
    """The commonest values among the newest jobs, and the one asked for: others can be searched for."""

    column: str
    lookup: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Name the values, each with how often it was met."""
        values = (row[self.column].partition("\n")[0] for row in _sample(request, model_admin))
        counted = Counter(value for value in values if value)
        found = dict.fromkeys(filter(None, [self.value()]), 0) | dict(counted.most_common(SHOWN))
        return [(value, f"{cut(value, 60)} ({count})" if count else cut(value, 60)) for value, count in found.items()]

    def value(self) -> str | None:
        """Return what was asked for, as databases take it."""
        return (super().value() or "").replace("\x00", "") or None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the jobs with the value."""
        return queryset.filter(**{self.lookup: self.value()}) if self.value() else queryset


def _sample(request: HttpRequest, model_admin: Any) -> list[dict[str, str]]:
    """Return the newest jobs of the chosen status, read once for all facets."""
    if not hasattr(request, "newest_jobs"):
        seen, status = model_admin.get_queryset(request), request.GET.get("status")
        jobs = seen.newest_of(status) if status in JobStatus.values else seen.order_by("-pk")
        if seen.query.has_filters():  # rules of who sees what have no index
            jobs = jobs.filter(pk__gte=horizon(Job.objects.using(seen.db), WINDOW) or UUID(int=0))
        newest = jobs.values("name", "queue_name", "owner", start=Left("error", ERROR))
        request.newest_jobs = list(newest[:SAMPLE])  # type: ignore[attr-defined]
    return request.newest_jobs  # type: ignore[attr-defined,no-any-return]


def _facet(title: Any, parameter_name: str, column: str, lookup: str) -> type[Facet]:
    own = {"title": title, "parameter_name": parameter_name, "column": column, "lookup": lookup}
    return type("Filter", (Facet,), own)


HandlerFilter = _facet(_("handler"), "handler", "name", "name")
QueueFilter = _facet(_("queue"), "queue", "queue_name", "queue_name")
OwnerFilter = _facet(_("owner"), "owner", "owner", "owner")
ErrorFilter = _facet(_("error"), "error", "start", "error__startswith")


class PriorityFilter(Question):
    """High, normal and low, as people say it."""

    title = _("priority")
    parameter_name = "urgency"
    questions = {
        "high": (_("high"), lambda jobs: jobs.filter(priority__gt=0)),
        "normal": (_("normal"), lambda jobs: jobs.filter(priority=0)),
        "low": (_("low"), lambda jobs: jobs.filter(priority__lt=0)),
    }


class LifeFilter(Question):
    """Workers that run, fell silent, or stopped, by the database's clock."""

    title = _("state")
    parameter_name = "state"
    questions = {
        "alive": (_("alive"), lambda workers: workers.alive(get_store(workers.db).now())),
        "lapsed": (_("lapsed"), lambda workers: workers.lapsed(get_store(workers.db).now())),
        "stopped": (_("stopped"), lambda workers: workers.filter(stopped_at__isnull=False)),
    }


class LevelFilter(Question):
    """Log lines of at least a level."""

    title = _("level")
    parameter_name = "level"
    levels = {name: logging.getLevelNamesMapping()[name] for name in ("INFO", "WARNING", "ERROR", "CRITICAL")}
    questions = {name: (name, methodcaller("filter", level__gte=level)) for name, level in levels.items()}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Name the levels, as logging does."""
        return [(name, _("%(level)s and above") % {"level": name}) for name in self.levels]
