"""The worker: one process that claims and runs jobs."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..ids import uuid7
from ..querysets import JobsManager, WorkerQuerySet


class Worker(models.Model):
    """A process, its settings, and the last time it was heard of."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200)
    hostname = models.CharField(_("host"), max_length=200)
    pid = models.PositiveIntegerField(_("process"))
    queue_names = models.JSONField(_("queues"), default=list, blank=True, help_text=_("Empty for all."))
    concurrency = models.PositiveIntegerField(_("concurrency"), default=1)
    busy = models.PositiveIntegerField(_("busy"), default=0, help_text=_("How many jobs it holds."))
    memory = models.PositiveIntegerField(
        _("memory"), null=True, blank=True, help_text=_("The most it has taken, in MB.")
    )
    version = models.CharField(_("version"), max_length=50, blank=True, default="")
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    heartbeat_at = models.DateTimeField(_("heartbeat at"), default=timezone.now)
    stop_requested_at = models.DateTimeField(_("stop requested at"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)

    objects = JobsManager.from_queryset(WorkerQuerySet)()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ("-started_at",)
        permissions = (("stop_worker", "Can ask workers to stop"),)

    def __str__(self) -> str:
        return self.name

    def is_alive(self, now: datetime) -> bool:
        """Tell whether this worker runs, as far as its heartbeat tells by the database's clock."""
        return self.stopped_at is None and self.heartbeat_at > WorkerQuerySet.oldest_heartbeat(now)
