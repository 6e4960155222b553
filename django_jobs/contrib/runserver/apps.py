"""The app that starts the worker."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RunserverConfig(AppConfig):
    """A worker inside the development server."""

    name = "django_jobs.contrib.runserver"
    label = "django_jobs_runserver"
    verbose_name = _("A worker inside runserver")

    def ready(self) -> None:
        """Start a worker where the development server serves."""
        from ..embedding import start_with_runserver

        start_with_runserver()
