"""The app of `management-command`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommandsConfig(AppConfig):
    """Management commands as jobs."""

    name = "django_jobs.contrib.commands"
    label = "django_jobs_commands"
    verbose_name = _("Management commands")
