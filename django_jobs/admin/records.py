"""What jobs left behind: log lines, events, attempts. To be read, each a list and a page."""

# ruff: noqa: ARG002 - Django's admin passes more than every override needs

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..access import of_visible
from ..models import Attempt, JobEvent, JobLog
from ..texts import plain
from . import marks
from .filters import LevelFilter
from .listing import KeysetList, ReadOnlyAdmin, column, job_url

LINE = 200


class OfJobAdmin(ReadOnlyAdmin):
    """Rows that belong to a job: newest first, each with a link to its job."""

    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the jobs that this user may see, with their jobs' names."""
        rows = of_visible(request, super().get_queryset(request)).select_related("job")
        return rows.defer("job__args", "job__kwargs", "job__result", "job__error")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetList]:
        """Use the list that very many rows do not slow down."""
        return KeysetList

    @admin.display(description=_("job"))
    def of_job(self, row: Any) -> SafeString:
        """Link to the job."""
        url = job_url(row.job_id, self.admin_site.name)
        return format_html('<a href="{}">{}</a>', url, marks.breakable(row.job.name))


def _whole(text: str) -> SafeString:
    return format_html('<pre class="jobs-text" tabindex="0">{}</pre>', plain(text))


def _message(row: JobLog) -> SafeString:
    """Return the beginning of the message, and the logger below it."""
    return format_html('<span class="jobs-message">{}</span>', marks.cut(row.message, LINE)) + marks.note(row.logger)


@admin.register(JobLog)
class JobLogAdmin(OfJobAdmin):
    """The log lines of all jobs."""

    list_display = ("logged", "severity", "line", "of_job", "attempt")
    list_display_links = ("logged",)
    list_filter = (LevelFilter,)
    search_fields = ("message",)
    fields = ("of_job", "attempt", "severity", "logger", "logged", "whole", "details")
    readonly_fields = fields

    logged = column(_("time"), lambda row: marks.at(row.created_at), ordering="id")
    severity = column(_("level"), lambda row: marks.mark(marks.severity(row.level), row.level_name))
    line = column(_("message"), _message)
    whole = column(_("message"), lambda row: _whole(row.message))
    details = column(_("fields"), lambda row: _whole(marks.pretty(row.extra)))


@admin.register(JobEvent)
class JobEventAdmin(OfJobAdmin):
    """The events that handlers emitted."""

    list_display = ("emitted", "called", "of_job", "short")
    search_fields = ("name",)
    fields = ("of_job", "called", "emitted", "whole")
    readonly_fields = fields

    called = column(_("event"), lambda row: plain(row.name))
    emitted = column(_("time"), lambda row: marks.at(row.created_at), ordering="id")
    short = column(_("data"), lambda row: format_html("<code>{}</code>", marks.cut(marks.pretty(row.data), LINE)))
    whole = column(_("data"), lambda row: _whole(marks.pretty(row.data)))


@admin.register(Attempt)
class AttemptAdmin(OfJobAdmin):
    """Attempts that did not simply succeed."""

    list_display = ("ended", "of_job", "number", "how", "took", "short", "by")
    list_filter = ("outcome",)
    search_fields = ("error", "worker_name")
    fields = ("of_job", "number", "how", "started", "ended", "took", "by", "whole", "trace")
    readonly_fields = fields

    how = column(_("outcome"), lambda row: marks.outcome_mark(row.outcome))
    started = column(_("started"), lambda row: marks.at(row.started_at) if row.started_at else marks.NOTHING)
    ended = column(_("ended"), lambda row: marks.at(row.ended_at), ordering="id")
    took = column(_("duration"), lambda row: marks.took(row) or marks.NOTHING)
    by = column(_("worker"), lambda row: plain(row.worker_name))
    short = column(_("error"), lambda row: marks.cut(row.error, LINE))
    whole = column(_("error"), lambda row: _whole(row.error))
    trace = column(_("traceback"), lambda row: _whole(row.traceback))
