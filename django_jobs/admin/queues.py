"""The queues: how all is doing, how each one is, and pausing it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from ..access import sees_all
from ..models import Queue
from ..querysets import jobs_database
from ..store import get_store
from .listing import ReadOnlyAdmin, etag_of, unless_same
from .overview import look, queue_rows

VERBS = {
    "pause": (Queue.objects.pause, _("Paused")),
    "resume": (Queue.objects.resume, _("Resumed")),
}


@admin.register(Queue)
class QueueAdmin(ReadOnlyAdmin):
    """See how all is doing, see the queues, and pause them."""

    fields = readonly_fields = ("name", "paused_at")
    routes = {"overview/": "overview", "steer/": "steer"}

    def overview(self, request: HttpRequest) -> dict[str, Any] | None:
        """Look, for who may see every job: the numbers would tell others of jobs that are not theirs."""
        return look(self.admin_site.name) if sees_all(request) else None

    @method_decorator([require_safe, cache_control(private=True, no_cache=True)])
    def overview_view(self, request: HttpRequest) -> HttpResponse:
        """Return the overview as it is now; 304 when it has not changed since."""
        overview = self.overview(request)
        if overview is None:
            raise PermissionDenied
        request.current_app = self.admin_site.name
        parts = render_to_string("admin/django_jobs/queue/overview.html", {"overview": overview}, request)
        source = format_html('<div id="jobs-live" data-interval="{}"></div>', overview["interval"])
        etag = etag_of(parts)
        answer = HttpResponse(source + parts, headers={"ETag": etag})
        response: HttpResponse = get_conditional_response(request, etag=etag, response=answer) or answer
        return response

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """List every queue that there is, though most have no row: numbers are for who may see every job."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows, title = queue_rows(get_store(jobs_database()).now()), capfirst(self.opts.verbose_name_plural)
        shown = {"title": title, "queues": rows, "shows_numbers": sees_all(request), **(extra_context or {})}
        return unless_same(request, self.page(request, "queue/change_list", **shown), rows)

    @method_decorator(require_POST)
    def steer_view(self, request: HttpRequest) -> HttpResponse:
        """Pause or resume the queue whose button was pressed, or those that are ticked."""
        if not request.user.has_perm("django_jobs.pause_queue"):
            raise PermissionDenied
        word = "pause" if "pause" in request.POST else "resume"
        asked = list(filter(None, [request.POST.get(word)])) or request.POST.getlist("name")
        self._steer(request, word, [name for name in asked if 0 < len(name) <= 100 and "\x00" not in name])
        return HttpResponseRedirect(reverse("admin:django_jobs_queue_changelist", current_app=self.admin_site.name))

    def _steer(self, request: HttpRequest, word: str, names: list[str]) -> None:
        verb, done = VERBS[word]
        if not verb(*names):
            self.message_user(request, _("Nothing was changed."), messages.WARNING)
            return
        for queue in Queue.objects.filter(name__in=names):
            self.log_change(request, queue, str(done))
        self.message_user(request, f"{done}: {', '.join(names)}", messages.SUCCESS)
