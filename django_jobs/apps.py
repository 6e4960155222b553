"""The app, and how it finds the handlers of the other apps."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class DjangoJobsConfig(AppConfig):
    """Background jobs."""

    name = "django_jobs"
    label = "django_jobs"
    verbose_name = _("Background jobs")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, import `jobs.py` of every installed app, and refuse two handlers of one name."""
        from . import checks  # noqa: F401 - importing registers them
        from .registry import handlers

        autodiscover_modules("jobs")
        handlers.settle()
