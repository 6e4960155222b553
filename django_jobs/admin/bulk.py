"""A verb on very many jobs, as a job of its own."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.admin.sites import all_sites
from django.contrib.auth import get_user_model
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from ..attempt import current_job
from ..exceptions import Fail
from ..handlers import job
from ..models import Job
from ..querysets import JobQuerySet
from .verbs import VERBS, JobVerb

BATCH = 500


@job("django_jobs.steer", timeout=0)
def steer(
    verb: str, query: str, site: str, user_id: str, since: str, until: str, value: Any = None, after: str = ""
) -> dict[str, int]:
    """Do a verb of the admin to all jobs of a list, on behalf of who asked for it.

    `query` is that of the list's address, `since` and `until` are the ids between which to look; `after` is the last
    job done so far, where another attempt goes on.
    """
    if current_job.record.copy_of_id is not None:  # whoever may edit a copy's arguments would act in another's name
        raise Fail(_("A copy of this does nothing: ask for it anew, in the list of jobs."))
    request = _request_of(user_id, query, since)
    admin, chosen = _admin_of(site), VERBS[verb]
    if not (admin.has_view_or_change_permission(request) and admin.may(request, chosen)):
        raise Fail(_("%(user)s may not do this.") % {"user": request.user})
    jobs = admin.get_changelist_instance(request).queryset.filter(pk__lte=until)
    left = jobs.filter(pk__gt=after or UUID(int=0)).count()
    seen = changed = 0
    while ids := _next(jobs, after):
        changed += act(request, Job.objects.using(jobs.db).filter(pk__in=ids), chosen, value)
        seen, after = seen + len(ids), str(ids[-1])
        _remember(after)
        current_job.progress(seen, max(left, seen), str(chosen.changed % {"count": changed}))
    admin.log_change(request, current_job.record, str(chosen.changed % {"count": changed}))
    return {"changed": changed, "seen": seen}


def act(request: HttpRequest, jobs: JobQuerySet, verb: JobVerb, value: Any) -> int:
    """Do a verb to jobs, and keep who did it in their history; return how many changed."""
    able = list(jobs.filter(status__in=verb.sources).only("pk", "name"))
    changed = verb.act(jobs, reason_of(request), value)
    if changed:
        note = str(verb.label) if value is None else f"{verb.label}: {value}"
        LogEntry.objects.log_actions(cast(Any, request.user.pk), able, DELETION if verb.is_grave else CHANGE, note)
    return changed


def reason_of(request: HttpRequest) -> str:
    """Return how a job's history tells of what a person did."""
    return _("by %(user)s in the admin") % {"user": request.user.get_username()}


def _next(jobs: JobQuerySet, after: str) -> list[UUID]:
    return list(jobs.filter(pk__gt=after or UUID(int=0)).order_by("pk").values_list("pk", flat=True)[:BATCH])


def _remember(after: str) -> None:
    """Have another attempt go on after this job."""
    record = current_job.record
    Job.objects.using(record._state.db).filter(pk=record.pk).update(kwargs={**record.kwargs, "after": after})


def _request_of(user_id: str, query: str, since: str) -> HttpRequest:
    """Return what the list's page was asked, by the same person as that person is now."""
    request = HttpRequest()
    request.method = "GET"
    request.GET = QueryDict(f"{query}&since={since}")
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    if user is None or not (user.is_active and getattr(user, "is_staff", False)):
        raise Fail(_("Who asked for this is no active member of the staff any more."))
    request.user = user
    return request


def _admin_of(site: str) -> Any:
    """Return the admin of jobs on the site of this name."""
    found = next((each for each in all_sites if each.name == site and each.is_registered(Job)), None)
    if found is None:
        raise Fail(_("There is no admin site %(name)s with jobs here.") % {"name": site})
    return found.get_model_admin(Job)
