"""The admin's pages over very many jobs: called inside a site with the admin."""

from __future__ import annotations

from statistics import median

import django
from django.urls import path

from benchmarks.inside import timed

django.setup()

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client

from django_jobs.models import Job

urlpatterns = [path("admin/", admin.site.urls)]

JOBS = "/admin/django_jobs"
TIMES = 5


def answers() -> dict[str, float]:
    """Return the middle of some answers' milliseconds at the server, by page."""
    user, _ = get_user_model().objects.get_or_create(username="ann", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    return {
        title: 1000 * median(timed(_get, client, address) for _ in range(TIMES)) for title, address in _pages().items()
    }


def _get(client: Client, address: str) -> None:
    status = client.get(address).status_code
    assert status == 200, f"{address} answers {status}"


def _pages() -> dict[str, str]:
    some = Job.objects.completed().order_by("id")[:1].get()
    return {
        "overview": f"{JOBS}/",
        "queues": f"{JOBS}/queue/",
        "workers": f"{JOBS}/worker/",
        "all jobs": f"{JOBS}/job/",
        "one status": f"{JOBS}/job/?status=completed",
        "one queue": f"{JOBS}/job/?queue=lane1",
        "a search": f"{JOBS}/job/?q=noop",
        "a search in one status": f"{JOBS}/job/?status=completed&q=noop",
        "the oldest of one status": f"{JOBS}/job/?status=completed&after=",
        "a job": f"{JOBS}/job/{some.pk}/change/",
    }
