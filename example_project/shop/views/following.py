"""The page of a job, the part of it that changes with the job, and its buttons."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from django_jobs.access import jobs_access
from django_jobs.models import Job, JobLog

from .. import visitors

SHOWN_LINES = 30


@require_GET
@never_cache
def job_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a job; `<job-status>` on the page then follows it by itself."""
    job = visitors.job_or_404(request, pk)
    return render(request, "shop/job.html", {"job": job, **_rest_of(job)})


@require_GET
@never_cache
def job_rest(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what the page has beside the state: log, followers, what was made."""
    return render(request, "shop/_rest.html", _rest_of(visitors.job_or_404(request, pk)))


@require_POST
def cancel_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cancel a job, if it has not finished."""
    job = visitors.job_or_404(request, pk)
    if not jobs_access().may_cancel(request, job):
        raise PermissionDenied("You may not cancel this job.")
    if not job.cancel(reason="cancelled on the shop's page"):
        messages.warning(request, "The job had finished before it could be cancelled.")
    return redirect("shop:job", pk)


@require_POST
def retry_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Run a finished job once more."""
    job = visitors.job_or_404(request, pk)
    if not jobs_access().may_retry(request, job):
        raise PermissionDenied("You may not retry this job.")
    if not job.retry():
        messages.warning(request, "The job has not finished yet.")
    return redirect("shop:job", pk)


def _rest_of(job: Job) -> dict[str, Any]:
    return {
        "job": job,
        "page": job.result.get("page") if isinstance(job.result, dict) else None,
        "log": list(JobLog.objects.filter(job=job).order_by("-pk")[:SHOWN_LINES])[::-1],
        "followers": _followers_of(job),
    }


def _followers_of(job: Job) -> list[Job]:
    """List the jobs that this one enqueued, and what those enqueued."""
    followers = list(Job.objects.filter(parent=job).order_by("pk")[:20])
    return followers + [below for each in followers for below in _followers_of(each)]
