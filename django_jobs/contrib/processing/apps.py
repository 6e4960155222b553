"""The app of `data-processing`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProcessingConfig(AppConfig):
    """Batches of rows."""

    name = "django_jobs.contrib.processing"
    label = "django_jobs_processing"
    verbose_name = _("Data processing")
