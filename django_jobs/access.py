"""Who may see jobs and do what with them: one set of rules for the API, the status pages and the admin.

    JOBS = {"ACCESS": "shop.access.ShopAccess"}             # a subclass of JobsAccess

Closed by default. A job is for staff with the permission and for its owner; to know its id is no permission.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.module_loading import import_string

from .handlers import Handler
from .models import Job
from .querysets import JobQuerySet, owner_key
from .settings import job_settings

M = TypeVar("M", bound=Model)


class JobsAccess:
    """Let staff do what their permissions on jobs say, and owners see and cancel their own jobs.

    Subclass it for other rules, and name the class in `JOBS["ACCESS"]`. A job outside `visible` is answered as one
    that does not exist, whatever the other rules say. In the admin `visible` narrows what Django's permissions let
    through; what staff may do there is for these permissions alone.
    """

    def user_of(self, request: HttpRequest) -> Any:
        """Return the user that the authenticator found; anonymous if what it found is no active user."""
        from django.contrib.auth.models import AnonymousUser

        found = getattr(request, "auth", None) or getattr(request, "user", None)
        return found if isinstance(found, AbstractBaseUser) and found.is_active else AnonymousUser()

    def owner_of(self, request: HttpRequest) -> object:
        """Return the owner of the jobs that this request enqueues."""
        return self.user_of(request)

    def visible(self, request: HttpRequest, jobs: JobQuerySet) -> JobQuerySet:
        """Return those of these jobs that this request may see."""
        if self.is_permitted(request, "view_job"):
            return jobs
        user = self.user_of(request)
        return jobs.none() if user.is_anonymous else jobs.owned_by(user)

    def may_add(self, request: HttpRequest, handler: Handler[..., Any] | None) -> bool:  # noqa: ARG002 - for other rules
        """Tell whether this request may enqueue jobs of a handler, which has `allow_api` (None: there is no such)."""
        return self.is_permitted(request, "add_job")

    def may_cancel(self, request: HttpRequest, job: Job) -> bool:
        """Tell whether this request may cancel a job that it sees."""
        return self.is_permitted(request, "cancel_job") or self.is_owner(request, job)

    def may_retry(self, request: HttpRequest, job: Job) -> bool:  # noqa: ARG002 - for other rules
        """Tell whether this request may retry a job that it sees."""
        return self.is_permitted(request, "retry_job")

    def may_read_docs(self, request: HttpRequest) -> bool:
        """Tell whether this request may read the OpenAPI document and its pages."""
        return bool(getattr(self.user_of(request), "is_staff", False))

    # The words that the rules above are made of.

    def is_permitted(self, request: HttpRequest, codename: str) -> bool:
        """Tell whether the user is staff with this permission of ours, such as `view_job` or `pause_queue`."""
        user = self.user_of(request)
        return bool(getattr(user, "is_staff", False)) and user.has_perm(f"django_jobs.{codename}")

    def is_owner(self, request: HttpRequest, job: Job) -> bool:
        """Tell whether the job belongs to the user."""
        user = self.user_of(request)
        return not user.is_anonymous and job.owner == owner_key(user)


def jobs_access() -> JobsAccess:
    """Return the rules of this site, those that `JOBS["ACCESS"]` names."""
    rules: JobsAccess = import_string(job_settings().ACCESS)()
    return rules


def visible(request: HttpRequest, jobs: JobQuerySet) -> JobQuerySet:
    """Return those of these jobs that this request may see by the rules of this site."""
    return jobs_access().visible(request, jobs)


def sees_all(request: HttpRequest) -> bool:
    """Tell whether this request may see every job, so that numbers about all of them tell it nothing new."""
    return not visible(request, Job.objects.all()).query.has_filters()


def of_visible(request: HttpRequest, rows: QuerySet[M]) -> QuerySet[M]:
    """Return those of these log lines, events or attempts whose job this request may see."""
    if sees_all(request):
        return rows
    return rows.filter(job_id__in=visible(request, Job.objects.all()).values("pk"))
