"""The parts of the job page that change while it is open, and the addresses it asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ..models import Attempt, Job, JobEvent, JobLog
from ..texts import plain
from .again import AgainMixin
from .listing import etag_of
from .page import VALUES, JobPage, text_of
from .tail import as_text
from .verbs import VERBS

LARGE = ("args", "kwargs", "result")
AS_TEXT = {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


class LiveMixin(AgainMixin):
    """The job page, its live parts, and the whole of a long value."""

    words = ("live", "steer", "again", "log")
    routes = {f"<uuid:pk>/{word}/": word for word in words} | {"<uuid:pk>/whole/<str:part>/": "whole"}

    @method_decorator([require_safe, cache_control(private=True, no_cache=True)])
    def live_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the parts that change; 304 when none has changed since."""
        etag = fingerprint(request, self.page_of(request, self.visible(request, pk, without=LARGE)))
        response: HttpResponse | None = get_conditional_response(request, etag=etag)
        if response is None:
            page = self.page_of(request, self.visible(request, pk))
            request.current_app = self.admin_site.name
            response = render(request, "admin/django_jobs/job/live.html", {"page": page})
            response["ETag"] = etag
        return response

    @method_decorator(require_safe)
    def whole_view(self, request: HttpRequest, pk: UUID, part: str) -> HttpResponse:
        """Return the whole of a value as plain text."""
        job = self.visible(request, pk)
        if part not in VALUES:
            raise Http404
        return HttpResponse(text_of(job, part), headers=AS_TEXT)

    @method_decorator(require_safe)
    def log_view(self, request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
        """Return the whole log as a file."""
        self.visible(request, pk, without=LARGE)
        name = {"Content-Disposition": f'attachment; filename="{pk}.log"'}
        lines = as_text(pk)
        content = _in_its_thread(lines) if isinstance(request, ASGIRequest) else lines
        return StreamingHttpResponse(content, headers={**AS_TEXT, **name})

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Show the job page."""
        job = kwargs.get("obj") or context["original"]
        page = self.page_of(request, job)
        context |= {"page": page, "etag": fingerprint(request, page), "title": plain(job.name), "subtitle": None}
        saves = page.is_editable and self.has_change_permission(request, job)
        context |= {"may_save": saves, "show_save": saves, "show_save_and_continue": saves, "show_delete": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def page_of(self, request: HttpRequest, job: Job) -> JobPage:
        """Return a job's page, with what this user may do."""
        may = {verb.name: verb for verb in VERBS.values() if job.status in verb.sources and self.may(request, verb)}
        return JobPage(job, may, request.GET)


async def _in_its_thread(lines: Iterator[str]) -> AsyncIterator[str]:
    """Yield lines by the thousand as an ASGI server sends them, which would collect all of them first."""
    while part := await sync_to_async(lambda: "".join(islice(lines, 1000)))():
        yield part


def fingerprint(request: HttpRequest, page: JobPage) -> str:
    """Return an ETag that changes with what the live parts of this page show to this user."""
    job = page.job
    facts = [getattr(job, field.attname) for field in Job._meta.concrete_fields if field.name not in LARGE]
    who = [request.user.pk, get_language(), [*page.may], page.tail.query]
    return etag_of(repr([job.pk, who, facts, page.is_orphaned, page.is_paused, latest(job)]))


def latest(job: Job) -> tuple[Any, ...]:
    """Return the last ids of what belongs to a job, in one query."""
    newest = {
        str(model._meta.model_name): Subquery(
            model._default_manager.filter(job_id=OuterRef("pk")).order_by("-pk").values("pk")[:1]
        )
        for model in (JobLog, JobEvent, Attempt)
    }
    return tuple(Job.objects.filter(pk=job.pk).annotate(**newest).values_list(*newest))
