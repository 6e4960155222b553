"""Putting the API together: routes, rules, sentences for errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.cache import never_cache
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError
from ninja.security import SessionAuth

from ..access import JobsAccess, jobs_access
from . import progress
from .routes import OPERATIONS, Routes, as_view

View = Callable[..., HttpResponseBase]

NAMESPACE = "jobs-api"
UNUSUAL = {"follow_job": progress.RESPONSES}
"""Good answers that are no JSON, by operation."""


class JobsAPI(NinjaAPI):
    """A NinjaAPI that asks nobody but its own authenticators, and whose answers no cache keeps."""

    @property
    def urls(self) -> Any:
        """Return what `path()` takes."""
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            view = never_cache(cast(View, pattern.callback))
            # a project's LoginRequiredMiddleware would answer with a login page, and refuse every token
            pattern.callback = login_not_required(view)
        return patterns, app_name, namespace


def build_api(access: JobsAccess | None = None, *, auth: Any = None, namespace: str = NAMESPACE) -> NinjaAPI:
    """Make the API, whose `urls` go into `path("jobs-api/", ...)`.

    `access` holds the rules, by default those of `JOBS["ACCESS"]`; `auth` is an authenticator of ninja, or several,
    that return the user: by default Django's session, with its protection against forged requests. A second API needs
    another URL namespace.
    """
    api = JobsAPI(
        title="Jobs",
        description="Enqueue jobs, follow them, cancel and retry them.",
        urls_namespace=namespace,
        docs_decorator=functools.partial(_guarded_docs, access),
    )
    api.add_router("", build_router(access, auth=auth))
    api.add_exception_handler(ValidationError, _tell_invalid)
    api.add_exception_handler(SuspiciousOperation, _tell_suspicious)
    return api


def build_router(access: JobsAccess | None = None, *, auth: Any = None) -> Router:
    """Make the routes alone, for a NinjaAPI of your own.

    Its other settings hold for them too: how it words errors, who may read its description.
    """
    routes = Routes(access)
    router = Router(auth=auth or SessionAuth(), tags=["jobs"])
    for method, path, name, status, shape, failures in OPERATIONS:
        router.add_api_operation(
            path,
            [method],
            as_view(getattr(routes, name)),
            response={status: shape},
            operation_id=name,
            url_name=name,
            openapi_extra={"responses": {code: _described(code) for code in (401, *failures)} | UNUSUAL.get(name, {})},
        )
    return router


def _described(code: int) -> dict[str, Any]:
    shape = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
    return {"description": HTTPStatus(code).phrase, "content": {"application/json": {"schema": shape}}}


def _guarded_docs(access: JobsAccess | None, view: View) -> View:
    def guarded(request: HttpRequest, **given: Any) -> HttpResponseBase:
        if not (access or jobs_access()).may_read_docs(request):
            return _problem(403, "The description of this API is for staff.")
        return view(request, **given)

    return guarded


def _tell_invalid(_request: HttpRequest, error: Any) -> HttpResponse:
    is_question = all(problem["loc"][0] == "query" for problem in error.errors)
    return _problem(400 if is_question else 422, " ".join(map(_sentence, error.errors)))


def _sentence(problem: dict[str, Any]) -> str:
    """Return a complaint of pydantic as a sentence that begins with the place."""
    where = ".".join(str(step) for step in problem["loc"] if step not in {"body", "query", "path", "filters"})
    what = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {what}." if where else f"{what}."


def _tell_suspicious(_request: HttpRequest, error: Any) -> HttpResponse:
    return _problem(413 if isinstance(error, RequestDataTooBig) else 400, str(error))


def _problem(status: int, sentence: str) -> HttpResponse:
    return JsonResponse({"detail": sentence}, status=status)
