"""What each address does: find what the request may see, call one verb, answer."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from ninja import Body, Query
from ninja.errors import HttpError

from ..access import JobsAccess, jobs_access
from ..exceptions import InvalidArguments, InvalidOptions
from ..handlers import Handler, find_handler
from ..models import Job, JobLog
from ..querysets import JobQuerySet
from ..registry import handlers
from ..texts import storable_text
from . import progress
from .bodies import Cancellation, JobDetails, JobPage, LogPage, NewJob
from .filters import JobFilters, LogFilters, refuse_unknown

# A page of a hundred jobs need not carry a hundred megabytes.
LARGE = ("args", "kwargs", "result")


class Routes:
    """The operations, under one set of rules."""

    def __init__(self, access: JobsAccess | None) -> None:
        self.own_access = access

    @property
    def access(self) -> JobsAccess:
        """The rules that this API was built with, or else those of the site."""
        return self.own_access or jobs_access()

    def list_jobs(self, request: HttpRequest, filters: Query[JobFilters]) -> Any:
        """Return a page of the jobs that you may see, newest first."""
        refuse_unknown(request, JobFilters.model_fields)
        return filters.page(self._visible(request).defer(*LARGE))

    def create_job(self, request: HttpRequest, body: NewJob) -> Any:
        """Enqueue a job of a handler that takes jobs over HTTP; you become its owner."""
        handler = _open_handler(body.name)
        if not self.access.may_add(request, handler):
            raise HttpError(403, "You may not enqueue this job.")
        if handler is None:
            raise HttpError(422, _unknown(body.name))
        try:
            enqueuer = handler.using(**body.options(), owner=self.access.owner_of(request))
            return enqueuer.enqueue(**body.arguments)
        except (TypeError, InvalidArguments, InvalidOptions) as error:
            raise HttpError(422, str(error)) from None

    def get_job(self, request: HttpRequest, job_id: str) -> Any:
        """Return one job, with its arguments and result."""
        return self._found(request, job_id)

    def cancel_job(self, request: HttpRequest, job_id: str, body: Body[Cancellation | None] = None) -> Any:
        """Cancel a job, or ask its worker to stop it; 409 when it has finished already."""
        job = self._found(request, job_id)
        if not self.access.may_cancel(request, job):
            raise HttpError(403, "You may not cancel this job.")
        name = self.access.user_of(request).get_username()
        reason = ": ".join(
            filter(None, [f"by {name} over HTTP" if name else "over HTTP", storable_text(body.reason) if body else ""])
        )
        if not job.cancel(reason):
            raise HttpError(409, f"The job is {job.status}: it can be cancelled no more.")
        return self._kept(request, job, f"Cancelled {reason}")

    def retry_job(self, request: HttpRequest, job_id: str) -> Any:
        """Make a finished job pending again, with all its attempts; 409 when it has not finished."""
        job = self._found(request, job_id)
        if not self.access.may_retry(request, job):
            raise HttpError(403, "You may not retry this job.")
        if not job.retry():
            raise HttpError(409, f"The job is {job.status}: only a finished job can be retried.")
        return self._kept(request, job, "Retried over HTTP")

    def list_logs(self, request: HttpRequest, job_id: str, filters: Query[LogFilters]) -> Any:
        """Return a page of a job's log lines, oldest first."""
        refuse_unknown(request, LogFilters.model_fields)
        job = self._found(request, job_id, without=LARGE)
        lines, cursor = filters.page(JobLog.objects.filter(job_id=job.pk))
        return {"logs": lines, "next": cursor}

    def follow_job(self, request: HttpRequest, job_id: str) -> Any:
        """Stream how a job stands as Server-Sent Events, at once and at every change, until it has finished."""
        job = self._found(request, job_id, without=LARGE)
        return progress.answer(request, job, lambda: self._visible(request).defer(*LARGE).filter(pk=job.pk).first())

    def _kept(self, request: HttpRequest, job: Job, what: str) -> Job:
        """Keep who did what in the job's history in the admin, where there is one; return the job."""
        user = self.access.user_of(request)
        if apps.is_installed("django.contrib.admin") and isinstance(user, get_user_model()):
            from django.contrib.admin.models import CHANGE, LogEntry

            LogEntry.objects.log_actions(cast(Any, user.pk), [job], CHANGE, what)
        return job

    def _visible(self, request: HttpRequest) -> JobQuerySet:
        return self.access.visible(request, Job.objects.all())

    def _found(self, request: HttpRequest, job_id: str, *, without: tuple[str, ...] = ()) -> Job:
        with suppress(ValidationError):  # for what is no UUID
            job = self._visible(request).defer(*without).filter(pk=job_id).first()
            if job is not None:
                return job
        raise HttpError(404, "There is no such job, or you may not see it.")


# Method, path, operation, the status and the shape of a good answer, and how the operation can fail.
OPERATIONS: list[tuple[str, str, str, int, Any, tuple[int, ...]]] = [
    ("GET", "jobs", "list_jobs", 200, JobPage, (400,)),
    ("POST", "jobs", "create_job", 201, JobDetails, (400, 403, 422)),
    ("GET", "jobs/{job_id}", "get_job", 200, JobDetails, (404,)),
    ("POST", "jobs/{job_id}/cancel", "cancel_job", 200, JobDetails, (400, 403, 404, 409, 422)),
    ("POST", "jobs/{job_id}/retry", "retry_job", 200, JobDetails, (403, 404, 409)),
    ("GET", "jobs/{job_id}/logs", "list_logs", 200, LogPage, (400, 404)),
    ("GET", "jobs/{job_id}/progress", "follow_job", 200, None, (404,)),
]


def as_view(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function in place of a bound method, on which ninja could note nothing."""

    @functools.wraps(method)
    def view(request: HttpRequest, **given: Any) -> Any:
        return method(request, **given)

    return view


def _open_handler(name: str) -> Handler[..., Any] | None:
    handler = find_handler(name)
    return handler if handler is not None and handler.options.allow_api else None


def _unknown(name: str) -> str:
    names = [handler.name for handler in handlers if _open_handler(handler.name)]
    near = difflib.get_close_matches(name, names, n=3)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"No handler named {name!r} takes jobs over HTTP.{hint}"
