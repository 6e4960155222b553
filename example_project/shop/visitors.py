"""Who may see and do what: visitors with the jobs that they enqueued from this browser, staff with their permission."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from django_jobs.access import JobsAccess, sees_all, visible
from django_jobs.models import Job
from django_jobs.querysets import JobQuerySet

KEY = "jobs"
REMEMBERED = 50


class ShopAccess(JobsAccess):
    """Add to the usual rules: a visitor's are the jobs of the session, those they enqueued, and what these enqueued."""

    def visible(self, request: HttpRequest, jobs: JobQuerySet) -> JobQuerySet:
        """Show visitors their jobs, and staff with the permission all."""
        return jobs if self.is_permitted(request, "view_job") else jobs.filter(_own(request))

    def may_cancel(self, request: HttpRequest, job: Job) -> bool:
        """Let visitors cancel their jobs."""
        return super().may_cancel(request, job) or self.is_owner(request, job)

    def may_retry(self, request: HttpRequest, job: Job) -> bool:
        """Let visitors run their jobs again."""
        return super().may_retry(request, job) or self.is_owner(request, job)

    def is_owner(self, request: HttpRequest, job: Job) -> bool:
        """Tell whether the job is this visitor's."""
        return Job.objects.filter(_own(request), pk=job.pk).exists()


def remember(request: HttpRequest, jobs: Iterable[Job]) -> None:
    """Note in the session that these jobs are this visitor's."""
    ids = [str(job.pk) for job in jobs]
    request.session[KEY] = (ids[::-1] + request.session.get(KEY, []))[:REMEMBERED]


def jobs_of(request: HttpRequest, limit: int = 12) -> list[Job]:
    """Return the visitor's last jobs, newest first; for staff, everybody's."""
    jobs = Job.objects.all() if sees_all(request) else Job.objects.filter(pk__in=request.session.get(KEY, []))
    return list(jobs.order_by("-pk")[:limit])


def job_or_404(request: HttpRequest, pk: UUID) -> Job:
    """Return a job that the visitor may see; to a stranger it does not exist."""
    job: Job = get_object_or_404(visible(request, Job.objects.all()), pk=pk)
    return job


def _own(request: HttpRequest) -> Q:
    ids = request.session.get(KEY, [])
    return Q(pk__in=ids) | Q(parent__in=ids) | Q(parent__parent__in=ids)
