"""Checks of mails that go through jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks

APP = "django_jobs.contrib.email"
BACKEND = f"{APP}.JobEmailBackend"


def check_mail(**_: Any) -> list[checks.CheckMessage]:
    """Say when mails would be enqueued for a handler that is not there, or round and round."""
    mailers = getattr(settings, "MAILERS", {})
    enqueueing = [alias for alias, mailer in mailers.items() if mailer.get("BACKEND") == BACKEND]
    found: list[checks.CheckMessage] = []
    if (enqueueing or _is_the_backend()) and not apps.is_installed(APP):
        found.append(
            checks.Error(
                "Mails are sent through jobs, but their handler is not installed.",
                hint=f'Add "{APP}" to INSTALLED_APPS.',
                id="django_jobs.E006",
            )
        )
    return [*found, *_circles(mailers, enqueueing)]


def _is_the_backend() -> bool:
    # asking only for what the site set: Django 6.1 warns of the default
    overridden: bool = settings.is_overridden("EMAIL_BACKEND")  # type: ignore[misc]
    return overridden and getattr(settings, "EMAIL_BACKEND", None) == BACKEND


def _circles(mailers: dict[str, Any], enqueueing: list[str]) -> Iterator[checks.CheckMessage]:
    if getattr(settings, "JOBS_EMAIL_BACKEND", None) == BACKEND:
        yield checks.Error(
            "JOBS_EMAIL_BACKEND is the backend that enqueues: mails would go round for ever.",
            hint="Name there the backend that really sends, such as Django's SMTP backend (the default).",
            id="django_jobs.E007",
        )
    for alias in enqueueing:
        target = mailers[alias].get("OPTIONS", {}).get("mailer")
        if target not in mailers or target in enqueueing:
            yield checks.Error(
                f"MAILERS[{alias!r}] enqueues mails for the mailer {target!r}, which cannot send them.",
                hint='Set "OPTIONS": {"mailer": …} to the alias of one that really sends.',
                id="django_jobs.E007",
            )
