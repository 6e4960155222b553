import itertools
from collections.abc import Callable

import django
import pytest

from . import mailers


@pytest.fixture
def install(settings, db):
    """Return a function that adds apps to `INSTALLED_APPS` for this test."""

    def add(*names: str) -> None:
        missing = [name for name in names if name not in settings.INSTALLED_APPS]
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, *missing]

    return add


@pytest.fixture
def down_twice(monkeypatch) -> str:
    """Return the name of a mail backend that refuses twice, then works."""
    monkeypatch.setattr(mailers, "_tries", itertools.count(1))
    return "tests.contrib.mailers.DownTwice"


@pytest.fixture
def send_with(settings) -> Callable[[str], None]:
    """Return a function that makes a backend the site's own, as this version of Django has it set."""

    def choose(backend: str) -> None:
        if django.VERSION >= (6, 1):
            settings.MAILERS = {"default": {"BACKEND": backend}}
        else:
            settings.EMAIL_BACKEND = backend

    return choose


@pytest.fixture
def send_through_jobs(settings) -> Callable[[str], None]:
    """Return a function that has mails enqueued, and a backend send them from the worker."""
    enqueueing = "django_jobs.contrib.email.JobEmailBackend"

    def choose(backend: str) -> None:
        if django.VERSION >= (6, 1):
            first = {"BACKEND": enqueueing, "OPTIONS": {"mailer": "real"}}
            settings.MAILERS = {"default": first, "real": {"BACKEND": backend}}
        else:
            settings.EMAIL_BACKEND = enqueueing
            settings.JOBS_EMAIL_BACKEND = backend

    return choose
