"""What workers did, minute by minute."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..querysets import JobsManager


class Stat(models.Model):
    """One worker's counts for one handler and queue in one minute.

    A worker writes only its own rows, as totals of the minute so far, so that workers never wait for each other
    and writing twice counts once.
    """

    id = models.BigAutoField(primary_key=True)
    minute = models.DateTimeField(_("minute"))
    worker_id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField()
    name = models.CharField(_("handler"), max_length=200)
    queue_name = models.CharField(_("queue"), max_length=100)
    completed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    retried = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    run_seconds = models.FloatField(default=0.0)
    wait_seconds = models.FloatField(default=0.0)

    objects = JobsManager()

    class Meta:
        verbose_name = _("statistic")
        verbose_name_plural = _("statistics")
        constraints = (
            models.UniqueConstraint(fields=["minute", "worker_id", "name", "queue_name"], name="django_jobs_stat_key"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.minute:%H:%M}"
