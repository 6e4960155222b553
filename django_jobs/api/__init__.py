"""Jobs over HTTP: a JSON API, closed to everybody but staff with the permissions and the owners of jobs.

    path("jobs-api/", include("django_jobs.api.urls"))              # the rules of JobsAccess
    path("jobs-api/", build_api(access=MyAccess()).urls)            # rules of your own

    GET    jobs                 a page of jobs, newest first, by filters
    POST   jobs                 enqueue a job of a handler with `allow_api=True`
    GET    jobs/{id}            one job, with its arguments and result
    POST   jobs/{id}/cancel     cancel it, or ask its worker to stop it
    POST   jobs/{id}/retry      make it pending again
    GET    jobs/{id}/logs       its log lines, oldest first
    GET    jobs/{id}/progress   how it moves on, as Server-Sent Events

Every error is `{"detail": "a sentence"}`. It needs django-ninja: `pip install django-jobs-queue[api]`. In a NinjaAPI
of your own, mount `build_router()` instead.
"""

from django.core.exceptions import ImproperlyConfigured

try:
    import ninja as _ninja  # noqa: F401 - an optional dependency
except ImportError as error:
    raise ImproperlyConfigured("The JSON API needs django-ninja: pip install django-jobs-queue[api].") from error

from ..access import JobsAccess
from .building import build_api, build_router

__all__ = ["JobsAccess", "build_api", "build_router"]
