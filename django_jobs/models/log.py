"""What a job said while it ran."""

from __future__ import annotations

import logging

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..querysets import JobsManager
from ..texts import plain
from .job import Job


class JobLog(models.Model):
    """One log record of a job."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="logs")
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    level = models.PositiveSmallIntegerField(_("level"), default=logging.INFO)
    logger = models.CharField(_("logger"), max_length=200, blank=True, default="")
    message = models.TextField(_("message"))
    extra = models.JSONField(_("fields"), default=dict, blank=True)
    created_at = models.DateTimeField(_("logged at"), default=timezone.now)

    objects = JobsManager()

    class Meta:
        verbose_name = _("job log line")
        verbose_name_plural = _("job log")
        ordering = ("id",)
        indexes = (models.Index(fields=["job", "id"], name="django_jobs_log_job"),)

    def __str__(self) -> str:
        return f"{self.level_name} {plain(self.message[:80])}"

    @property
    def level_name(self) -> str:
        """The level as a word, such as INFO."""
        return logging.getLevelName(self.level)


class JobEvent(models.Model):
    """One event that a handler emitted."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="events")
    name = models.CharField(_("event"), max_length=200)
    data = models.JSONField(_("data"), null=True, blank=True)
    created_at = models.DateTimeField(_("emitted at"), default=timezone.now)

    objects = JobsManager()

    class Meta:
        verbose_name = _("job event")
        verbose_name_plural = _("job events")
        ordering = ("id",)
        indexes = (models.Index(fields=["job", "id"], name="django_jobs_event_job"),)

    def __str__(self) -> str:
        return plain(self.name)
