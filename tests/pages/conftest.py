"""Who follows a job on a page of a project, and the addresses that the page asks."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from django_jobs.models import Job
from django_jobs.querysets import owner_key

from ..factories import JobFactory


@pytest.fixture(autouse=True)
def _urls(settings, db):
    settings.ROOT_URLCONF = "tests.pages.urls"


def state_url(job: Job) -> str:
    return reverse("django_jobs:state", args=[job.pk])


def fragment_url(job: Job) -> str:
    return reverse("django_jobs:fragment", args=[job.pk])


class Follower(Client):
    """The browser of a user, and the jobs that are the user's own."""

    def __init__(self, user: User, **options: Any) -> None:
        super().__init__(**options)
        self.user = user
        self.force_login(user)

    def job(self, **fields: Any) -> Job:
        return JobFactory(owner=owner_key(self.user), **fields)

    def state(self, job: Job) -> Any:
        response = self.get(state_url(job))
        assert response.status_code == 200
        return response.json()


@pytest.fixture
def owner(db) -> Follower:
    return Follower(User.objects.create_user("ann"))
