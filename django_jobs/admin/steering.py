"""Actions of the list and buttons of the job page: check, do the verb, keep who did it, say what changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Field, Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ..exceptions import InvalidOptions
from ..ids import uuid7
from ..models import Job
from ..options import HIGHEST_PRIORITY, LOWEST_PRIORITY, read_queue_name
from ..querysets import JobQuerySet
from .bulk import act, steer
from .listing import FastAdmin, capped, job_url
from .verbs import VERBS, JobVerb

AT_ONCE = 500
"""Up to so many jobs change while the browser waits; more in batches, by a job of its own."""
NAMED = 20


def _action_of(verb: JobVerb) -> Any:
    def action(modeladmin: SteeringMixin, request: HttpRequest, queryset: JobQuerySet) -> HttpResponse | None:
        return modeladmin.steer_many(request, queryset, verb)

    action.__name__ = verb.name
    return admin.action(action, permissions=[verb.permission], description=verb.label)


class SteeringMixin(FastAdmin):
    """The verbs of jobs, for the job admin."""

    actions: tuple[Any, ...] = tuple(_action_of(verb) for verb in VERBS.values())

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may retry jobs, and make them due."""
        return request.user.has_perm("django_jobs.retry_job")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may cancel jobs."""
        return request.user.has_perm("django_jobs.cancel_job")

    def has_copy_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may run jobs again as copies."""
        return request.user.has_perm("django_jobs.add_job")

    def may(self, request: HttpRequest, verb: JobVerb) -> bool:
        """Tell whether the user has the permission that a verb takes."""
        return bool(getattr(self, f"has_{verb.permission}_permission")(request))

    @method_decorator(require_POST)
    def steer_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Do to one job what the button says, and go back to its page."""
        verb = VERBS.get(request.POST.get("verb", ""))
        job = self.visible(request, pk, without=("args", "kwargs", "result"))
        if verb is None or not verb.is_button:
            raise Http404
        if not self.may(request, verb):
            raise PermissionDenied
        self._steer(request, [job.pk], verb, None)
        return HttpResponseRedirect(self.url_of(job))

    def visible(self, request: HttpRequest, pk: UUID, without: tuple[str, ...] = ()) -> Job:
        """Return a job that the user may see, these fields unread; raise Http404 or PermissionDenied."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        job: Job = get_object_or_404(self.get_queryset(request).defer(*without), pk=pk)
        return job

    def url_of(self, job: Job) -> str:
        """Return the address of a job's page."""
        return job_url(job.pk, self.admin_site.name)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Refuse a queue that no worker could be told to serve, and a priority that no job can have."""
        limits = {"min_value": LOWEST_PRIORITY, "max_value": HIGHEST_PRIORITY} if db_field.name == "priority" else {}
        field = super().formfield_for_dbfield(db_field, request, **limits, **kwargs)
        if field is not None and db_field.name == "queue_name":
            field.validators.append(_check_queue_name)
        if field is not None and db_field.name == "run_after":
            for part, label in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
                part.attrs["aria-label"] = label
        return field

    def steer_many(self, request: HttpRequest, queryset: JobQuerySet, verb: JobVerb) -> HttpResponse | None:
        """Do a verb to the selected jobs, or to all that match; ask first where that is grave, or needs a value."""
        count = capped(queryset)
        is_large = request.POST.get("select_across") == "1" and count > AT_ONCE
        form, limit = self._form(request, verb), self._limit(request)
        is_warned = verb.is_grave or queryset.filter(status__in=verb.asks_of).exists()
        if (verb.field or is_warned or is_large) and not form.is_valid():
            more = {"form": form, "count": count, "is_large": is_large, "is_warned": is_warned, "limit": limit}
            return self._ask(request, queryset, verb, more)
        value = form.cleaned_data["value"] if verb.field else None
        if is_large:
            self._hand_over(request, verb, value)
        else:
            self._steer(request, list(queryset.values_list("pk", flat=True)), verb, value)
        if limit:
            self.message_user(request, limit, messages.WARNING)
        return None

    def _limit(self, request: HttpRequest) -> str:
        """Return the list's notice that it looked at the newest jobs only, where all that match are meant."""
        shown: Any = self.get_changelist_instance(request) if request.POST.get("select_across") == "1" else None
        if shown is None or shown.horizon is None:
            return ""
        text = _(
            "No index leads to what you ask for: only the newest %(count)s jobs were looked at, "
            "of the chosen status and days."
        )
        return text % {"count": shown.window}

    def _form(self, request: HttpRequest, verb: JobVerb) -> Form:
        form = Form(request.POST if "confirmed" in request.POST else None)
        if verb.field:
            field: Field = self.formfield_for_dbfield(Job._meta.get_field(verb.field), request)
            form.fields["value"] = field
        return form

    def _ask(self, request: HttpRequest, queryset: JobQuerySet, verb: JobVerb, more: dict[str, Any]) -> HttpResponse:
        named = [(self.url_of(job), job) for job in queryset.only("pk", "name")[:NAMED]]
        selected, across = request.POST.getlist(ACTION_CHECKBOX_NAME), request.POST.get("select_across", "0")
        more |= {"title": verb.label, "verb": verb, "named": named, "selected": selected, "across": across}
        return self.page(request, "job/steer", **more)

    def _steer(self, request: HttpRequest, ids: list[UUID], verb: JobVerb, value: Any) -> None:
        changed = act(request, Job.objects.filter(pk__in=ids), verb, value)
        if changed:
            self.message_user(request, verb.changed % {"count": changed}, messages.SUCCESS)
        if left := len(ids) - changed:
            text = ngettext(
                "%(count)d job is left as it was: %(only)s.", "%(count)d jobs are left as they were: %(only)s.", left
            )
            self.message_user(request, text % {"count": left, "only": verb.only}, messages.WARNING)

    def _hand_over(self, request: HttpRequest, verb: JobVerb, value: Any) -> None:
        """Enqueue a job that does the verb to what this list shows now, and nothing that comes later."""
        until = str(uuid7())
        shown: Any = self.get_changelist_instance(request)
        record = steer.using(owner=request.user).enqueue(
            verb.name, shown.get_query_string()[1:], self.admin_site.name, str(request.user.pk),
            str(shown.horizon or ""), until, value,
        )  # fmt: skip
        self.log_addition(request, record, str(verb.label))
        text = _("These are many jobs: a job of its own goes through them.")
        link = format_html('{} <a href="{}">{}</a>', text, self.url_of(record), _("See how far it is."))
        self.message_user(request, link, messages.SUCCESS)


def _check_queue_name(name: str) -> None:
    try:
        read_queue_name(name)
    except InvalidOptions as error:
        raise ValidationError(str(error)) from None
