"""The app of `send-email`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EmailConfig(AppConfig):
    """Mails through jobs."""

    name = "django_jobs.contrib.email"
    label = "django_jobs_email"
    verbose_name = _("Mails through jobs")
