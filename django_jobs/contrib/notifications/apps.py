"""The app of `email-notification`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Notifications by mail."""

    name = "django_jobs.contrib.notifications"
    label = "django_jobs_notifications"
    verbose_name = _("Notifications")
