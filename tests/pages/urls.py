"""A project that shows jobs to its users, on a page under a strict policy."""

from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template import engines
from django.urls import include, path, reverse
from django.views.decorators.csrf import ensure_csrf_cookie

from django_jobs import enqueue
from django_jobs.models import Job

STATUS = engines["django"].from_string(
    """{% load jobs static %}<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
    <link rel="stylesheet" href="{% static 'shop/shop.css' %}"><title>A job</title>
    <main>{% job_status job interval=0.25 %}</main></html>"""
)
BARE = engines["django"].from_string(
    """<!doctype html><html lang="en"><title>A button</title><button>Start</button><output></output></html>"""
)


def page(request: HttpRequest, pk: Any) -> HttpResponse:
    return HttpResponse(STATUS.render({"job": get_object_or_404(Job, pk=pk)}, request))


@ensure_csrf_cookie
def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BARE.render({}, request))


def start(request: HttpRequest) -> JsonResponse:
    record = enqueue("tests.echo", {"value": 7}, owner=request.user)
    return JsonResponse({"id": record.pk, "status_url": reverse("django_jobs:state", args=[record.pk])}, status=202)


urlpatterns = [
    path("jobs/", include("django_jobs.pages.urls")),
    path("page/<uuid:pk>/", page),
    path("bare/", bare),
    path("start/", start),
]
if find_spec("ninja"):
    urlpatterns.append(path("api/", include("django_jobs.api.urls")))
