"""The API as projects mount it: included, under rules of their own, and inside their own NinjaAPI."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import include, path
from ninja import NinjaAPI
from ninja.security import HttpBearer

from django_jobs.api import JobsAccess, build_api, build_router


class Everybody(JobsAccess):
    """Let everybody who is logged in enqueue, and retry what they may see."""

    def may_add(self, request: HttpRequest, handler: Any) -> bool:
        return handler is not None and not self.user_of(request).is_anonymous

    def may_retry(self, request: HttpRequest, job: Any) -> bool:
        return self.is_owner(request, job)


class ByName(HttpBearer):
    """Take a user's name for a token."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return User.objects.filter(username=token).first()


class ByWord(HttpBearer):
    """Take any token, and find no user."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return token


own = NinjaAPI(urls_namespace="own")
own.add_router("/background", build_router())

urlpatterns = [
    path("jobs-api/", include("django_jobs.api.urls")),
    path("open/", build_api(access=Everybody(), namespace="open").urls),
    path("tokens/", build_api(auth=ByName(), namespace="tokens").urls),
    path("words/", build_api(auth=ByWord(), namespace="words").urls),
    path("own/", own.urls),
]
