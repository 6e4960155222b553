"""Workers: whether they live, by the database's clock, what they run, and asking one to stop."""

# ruff: noqa: ARG002 - Django's admin passes more than every override needs

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext

from ..access import visible
from ..models import Job, Worker
from ..querysets import JobQuerySet, WorkerQuerySet
from ..store import get_store
from . import marks
from .filters import LifeFilter
from .listing import ReadOnlyAdmin, column, job_url

SHOWN = 5
READ = 1000


def look_after(workers: list[Any], jobs: JobQuerySet, site_name: str, now: datetime | None = None) -> None:
    """Put beside each worker the time, the site, and which of these jobs it runs, read once for all of them."""
    running: dict[Any, list[Job]] = defaultdict(list)
    found = jobs.running().filter(worker__in=[worker.pk for worker in workers])
    for job in found.only("id", "name", "worker_id").order_by("pk")[:READ]:
        running[job.worker_id].append(job)
    now = now or get_store(jobs.db).now()
    for worker in workers:
        worker.now, worker.site_name, worker.running = now, site_name, running[worker.pk]


class WorkerList(ChangeList):
    """The list of workers, each with what it runs."""

    def get_results(self, request: HttpRequest) -> None:
        """Read what the shown workers run."""
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        look_after(self.result_list, visible(request, Job.objects.all()), self.model_admin.admin_site.name)


def state(worker: Any) -> SafeString:
    """Mark the worker's state."""
    if worker.stopped_at is not None:
        return marks.mark("stopped", _("stopped"))
    if not worker.is_alive(worker.now):
        return marks.mark("lapsed", _("lapsed"))
    return marks.mark("stopping", _("stopping")) if worker.stop_requested_at else marks.mark("alive", _("alive"))


def runs(worker: Any) -> SafeString | str:
    """Name the first of the jobs that the worker runs, and count the others."""
    jobs = worker.running
    if not jobs:
        return marks.NOTHING
    named = [(job_url(job.pk, worker.site_name), marks.breakable(job.name)) for job in jobs[:SHOWN]]
    links = format_html_join("", '<li><a href="{}">{}</a></li>', named)
    more = _("and %(count)d more") % {"count": len(jobs) - SHOWN} if len(jobs) > SHOWN else ""
    return format_html('<ul class="jobs-running">{}</ul>{}', links, more)


def load(worker: Worker) -> SafeString:
    """Tell how much of the worker is busy, and what its process takes."""
    counts = {"busy": worker.busy, "all": worker.concurrency}
    busy = marks.NOTHING if worker.stopped_at else _("%(busy)d of %(all)d") % counts
    memory = "" if worker.memory is None else _("%(count)s MB") % {"count": marks.number(worker.memory)}
    return format_html("{}{}", busy, marks.note(memory))


def _queues(worker: Worker) -> str:
    return ", ".join(map(str, worker.queue_names)) or pgettext("a worker's queues", "all")


def _since(worker: Any) -> SafeString:
    """Tell when the worker started, and on what it runs."""
    return marks.age(worker.started_at, worker.now) + marks.note(worker.version)


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """See who works, and ask one to stop."""

    list_display = ("name", "state", "runs", "load", "queues", "heard", "since")
    list_filter = (LifeFilter,)
    search_fields = ("name", "hostname")
    sortable_by = ("since",)
    actions = ("stop_selected",)
    fields = (
        "name", "state", "runs", "load", "queues", "hostname", "pid", "version",
        "started_at", "heartbeat_at", "stop_requested_at", "stopped_at",
    )  # fmt: skip
    readonly_fields = fields

    state = column(_("state"), state)
    runs = column(_("runs"), runs)
    load = column(_("busy"), load)
    queues = column(_("queues"), _queues)
    heard = column(_("heartbeat"), lambda worker: marks.age(worker.heartbeat_at, worker.now))
    since = column(_("started"), _since, ordering="started_at")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[WorkerList]:
        """Use the list that knows what the workers run."""
        return WorkerList

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return a worker with what it runs."""
        worker = super().get_object(request, *args, **kwargs)
        look_after([worker] if worker else [], visible(request, Job.objects.all()), self.admin_site.name)
        return worker

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may ask workers to stop."""
        return request.user.has_perm("django_jobs.stop_worker")

    @admin.action(permissions=["stop"], description=_("Ask selected workers to stop"))
    def stop_selected(self, request: HttpRequest, queryset: WorkerQuerySet) -> None:
        """Ask those of these workers to stop that have not stopped; the button of a worker's page comes here too."""
        asked = list(queryset.filter(stopped_at=None, stop_requested_at=None))
        count = queryset.request_stop()
        for worker in asked:
            self.log_change(request, worker, _("Asked to stop."))
        text = ngettext(
            "%(count)d worker was asked to stop after its jobs. A supervisor will replace it.",
            "%(count)d workers were asked to stop after their jobs. A supervisor will replace them.",
            count,
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)
