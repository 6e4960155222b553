"""Lists that stay fast over very many rows: where no index leads to what matches, they look at the newest."""

# ruff: noqa: ARG002 - Django's admin passes more than every override needs

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.cache import get_conditional_response
from django.utils.functional import cached_property
from django.utils.text import capfirst

from ..querysets import WINDOW, horizon

COUNTED = 10_000


class AtLeast(int):
    """A count that was not finished: it computes as its number, and reads "10k+"."""

    def __str__(self) -> str:
        return f"{int(self) // 1000}k+" if self >= 1000 else f"{int(self)}+"


def capped(rows: QuerySet[Any]) -> int:
    """Count no further than `COUNTED` rows: a full count reads the whole table."""
    number = rows.order_by()[: COUNTED + 1].count()
    return number if number <= COUNTED else AtLeast(COUNTED)


def column(label: Any, show: Callable[[Any], Any], ordering: str | None = None) -> Any:
    """Return what a `ModelAdmin` shows of a row, and the label above or beside it."""
    return staticmethod(admin.display(show, description=label, ordering=ordering))


def etag_of(told: str) -> str:
    """Return an ETag that changes with a text."""
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def unless_same(request: HttpRequest, response: HttpResponse, rows: Any) -> HttpResponseBase:
    """Return the response, or 304 to a page that asks for itself again while its rows are the same."""
    if request.headers.get("X-Requested-With") != "XMLHttpRequest":
        return response
    etag = response["ETag"] = etag_of(repr(rows))
    return get_conditional_response(request, etag=etag, response=response) or response


def job_url(pk: Any, site_name: str) -> str:
    """Return the address of a job's page."""
    return reverse("admin:django_jobs_job_change", args=[pk], current_app=site_name)


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Count no further than people turn pages."""

    @cached_property
    def count(self) -> int:
        """Count the rows, or say `AtLeast` so many."""
        return capped(self.object_list)  # type: ignore[arg-type]


class FastAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """What every list of this app has in common."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 500

    routes: dict[str, str] = {}
    """Addresses of our own, each with the word for it in the names of its view and its pattern."""

    def get_urls(self) -> list[Any]:
        """Add the addresses of our own, before Django's."""
        return [*(self._path(*route) for route in self.routes.items()), *super().get_urls()]

    def _path(self, address: str, word: str) -> Any:
        view = self.admin_site.admin_view(getattr(self, f"{word}_view"))
        return path(address, view, name=f"{self.opts.app_label}_{self.opts.model_name}_{word}")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Head the list with what it lists."""
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        response = super().changelist_view(request, {**title, **(extra_context or {})})
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        return unless_same(request, response, [*map(_facts_of, shown.result_list)]) if shown else response

    def page(self, request: HttpRequest, name: str, **more: Any) -> TemplateResponse:
        """Return a page of our own, in the frame of the admin."""
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "subtitle": None, "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"admin/django_jobs/{name}.html", frame | more)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody adds one by hand: programs and workers do."""
        return False

    class Media:
        css = {"all": ["django_jobs/admin.css"]}
        js = ("django_jobs/live.js",)


def _facts_of(row: Any) -> list[Any]:
    """Return what is known of a row, but the time at which it was read."""
    return [(name, value) for name, value in vars(row).items() if name not in {"_state", "now"}]


class ReadOnlyAdmin(FastAdmin):
    """Rows that workers write: people look at them."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes one by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go with their job."""
        return False


class KeysetList(ChangeList):
    """A list, newest first, that no number of rows slows down.

    Its pages begin where another ended, by key, so that none is far away; and where no index leads to what is asked
    for, it looks at the newest rows only.
    """

    own_params = ("before", "after", "since")
    indexed_params = {"job__id__exact"}
    window = WINDOW
    order = ("-pk",)
    """Newest first, as the index gives the rows."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """Return the rows that match, on all pages."""
        self.own = {name: self._key(request.GET[name]) for name in self.own_params if name in request.GET}
        for name in self.own:
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        rows = super().get_queryset(request, *args, **kwargs).order_by(*self.order)
        is_known = "since" in self.own or self.is_indexed
        self.horizon = self.own.get("since") if is_known else horizon(self.walkable, WINDOW)
        return rows if self.horizon is None else rows.filter(pk__gte=self.horizon)

    @property
    def sees_all(self) -> bool:
        """Whether this user may see every row: the rules of who sees what have no index."""
        return not self.root_queryset.query.has_filters()

    @property
    def is_indexed(self) -> bool:
        """Whether an index leads to all that matches."""
        return self.sees_all and not self.query and {*self.get_filters_params()} <= self.indexed_params

    @property
    def walkable(self) -> QuerySet[Any]:
        """The rows that an index gives in the order of their keys, and among which are all that match."""
        asked = {name: value for name, value in self.params.items() if name in self.indexed_params}
        return self.model._default_manager.using(self.root_queryset.db).filter(**asked)

    def get_results(self, request: HttpRequest) -> None:
        """Read one page: the newest, that `before` a key, that `after` one, or with an empty `after` the oldest."""
        is_back = "after" in self.own
        start = self.own.get("after" if is_back else "before")
        rows = self._rows(start, is_back=is_back)
        shown = rows[: self.list_per_page]
        self.result_list: Any = shown[::-1] if is_back else shown
        beyond, behind = len(rows) > len(shown), start is not None
        self.has_newer, self.has_older = (beyond, behind) if is_back else (behind, beyond)
        self.result_count = capped(self.queryset) if beyond or behind else len(shown)
        self.show_admin_actions, self.full_result_count = bool(shown), None
        self.can_show_all = self.multi_page = False

    def _rows(self, start: Any, *, is_back: bool) -> list[Any]:
        rows = self.queryset.reverse() if is_back else self.queryset
        if start is not None:
            rows = rows.filter(**{"pk__gt" if is_back else "pk__lt": start})
        return list(rows[: self.list_per_page + 1])

    def _key(self, text: str) -> Any:
        try:
            return self.model._meta.pk.to_python(text or None)
        except ValidationError as error:
            raise IncorrectLookupParameters(error) from error

    @property
    def pager(self) -> dict[str, str]:
        """The addresses of other pages, by where they lead."""
        keys = [row.pk for row in self.result_list]
        steps: dict[str, dict[str, Any]] = {}
        if self.has_newer:
            steps |= {"newest": {}, "newer": {"after": keys[0] if keys else ""}}
        if self.has_older:
            steps |= {"older": {"before": keys[-1]} if keys else {}, "oldest": {"after": ""}}
        return {where: self.get_query_string(step) for where, step in steps.items()}
