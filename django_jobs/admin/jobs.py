"""The admin of jobs: how the rows of the list read, changing a job before it starts, deleting what has finished."""

# ruff: noqa: ARG002 - Django's admin passes more than every override needs

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.forms import Form, ModelForm
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..access import visible
from ..models import Attempt, Job, JobEvent, JobLog
from ..pruning import delete_locked
from ..querysets import JobQuerySet
from ..states import FINISHED, JobStatus
from . import marks
from .catalog import JobList
from .filters import ErrorFilter, HandlerFilter, OwnerFilter, PriorityFilter, QueueFilter, StatusFilter
from .listing import column
from .live import LiveMixin
from .search import FIELDS, matching
from .verbs import EDITABLE

SEEN = "seen_status"
"""The hidden field that holds the status on the page that the person saw."""


class JobMoved(Exception):
    """The job is not any more where the person saw it."""


@admin.register(Job)
class JobAdmin(LiveMixin):
    """See and steer jobs."""

    list_display = ("job", "state", "progress", "lane", "created", "took")
    list_display_links = ("job",)
    list_filter = (StatusFilter, HandlerFilter, QueueFilter, OwnerFilter, PriorityFilter, ErrorFilter)
    search_fields = FIELDS
    date_hierarchy = "created_at"
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the jobs that the rules of this site show to this user."""
        return visible(request, cast(JobQuerySet, super().get_queryset(request)))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[JobList]:
        """Use the list that leaves large values unread."""
        return JobList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Refuse addresses that ask for values in which something may be sensitive: the search knows what."""
        is_open = lookup.partition("__")[0] not in {"args", "kwargs", "result"}
        return is_open and super().lookup_allowed(lookup, value, cast(HttpRequest, request))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Search by id, argument or words."""
        return matching(queryset, search_term), False

    def get_fieldsets(self, request: HttpRequest, obj: Job | None = None) -> Any:
        """Offer what may be changed where the job stands, and nothing else."""
        fields = EDITABLE.get(obj.status if obj else "", ())
        if not fields or not self.has_change_permission(request, obj):
            return ()
        return ((_("Before it starts"), {"fields": fields}),)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show the page; when a save lost its race, say so and show it again."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except JobMoved as moved:
            self.message_user(request, str(moved), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def save_model(self, request: HttpRequest, obj: Job, form: ModelForm[Job] | Form, change: bool) -> None:
        """Write what was changed if the job still stands where it stood on the page."""
        seen = request.POST.get(SEEN, "")
        allowed = EDITABLE.get(seen, ())
        values = {name: form.cleaned_data[name] for name in form.changed_data if name in allowed}
        if obj.status != seen or not self._written(obj, values):
            raise JobMoved(_("Nothing was changed: meanwhile the job is %(status)s.") % {"status": _status_of(obj)})

    def _written(self, job: Job, values: dict[str, Any]) -> int:
        still = Job.objects.filter(pk=job.pk, status=job.status)
        return still.update(**values) if values else still.count()

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Only what has finished can be deleted: a worker may hold the rest."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_finished)

    def delete_model(self, request: HttpRequest, obj: Job) -> None:
        """Delete a job, unless it has just been retried."""
        self.delete_queryset(request, Job.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete the finished ones among these jobs."""
        delete_locked(queryset.finished(), queryset.count())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Tell what goes with a job in numbers: it can have a hundred thousand log lines."""
        named = [format_html('<a href="{}">{}</a>', self.url_of(job), job) for job in objs]
        return named, _count_with(list(objs)), set(), []

    @admin.display(description=_("job"))
    def job(self, job: Job) -> SafeString:
        """Name the handler, and the owner below it."""
        name = format_html('<span class="jobs-name">{}</span>', marks.breakable(job.name))
        return name + marks.note(marks.cut(job.owner, 60))

    @admin.display(description=_("status"))
    def state(self, job: Job) -> SafeString:
        """Mark the status, and count the attempts when there was more than one."""
        counts = {"made": job.attempts, "most": job.max_attempts}
        attempts = _("attempt %(made)d of %(most)d") % counts if job.attempts > 1 else ""
        return marks.status_mark(job) + marks.note(attempts)

    @admin.display(description=_("progress"))
    def progress(self, job: Job) -> SafeString:
        """Show how far the job is, and the one line that tells most about it."""
        return format_html('<div class="jobs-progress">{}</div>{}', _how_far(job), marks.line(_line(job), 120))

    @admin.display(description=_("queue"))
    def lane(self, job: Job) -> SafeString:
        """Name the queue, and the priority that is not the usual one."""
        priority = _("priority %(number)d") % {"number": job.priority} if job.priority else ""
        return marks.breakable(job.queue_name) + marks.note(priority)

    created = column(_("created"), lambda job: marks.age(job.created_at))
    took = column(_("duration"), marks.duration_of)


def _status_of(job: Job) -> str:
    now = Job.objects.filter(pk=job.pk).first()
    return str(now.get_status_display() if now else _("deleted"))


def _count_with(jobs: list[Job]) -> dict[str, int]:
    """Return how many rows go with these jobs, by the plural of their name."""
    counts: dict[Any, int] = {Job: len(jobs)}
    for model in (JobLog, JobEvent, Attempt):
        counts[model] = model._default_manager.filter(job_id__in=[job.pk for job in jobs]).count()
    return {str(model._meta.verbose_name_plural): count for model, count in counts.items() if count}


def _how_far(job: Job) -> SafeString:
    if job.status == JobStatus.SCHEDULED:
        return format_html('<small class="jobs-quiet">{} {}</small>', _("due"), marks.age(job.run_after))
    return marks.bar(job)


def _line(job: Job) -> str:
    tells_error = job.status in {JobStatus.SCHEDULED, *FINISHED} - {JobStatus.COMPLETED}
    return job.error if tells_error else job.progress_message
