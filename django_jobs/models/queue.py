"""The queue: what stands about a lane of jobs besides its jobs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..querysets import JobsManager, QueueQuerySet


class Queue(models.Model):
    """A queue that somebody paused once. One without a row is like any other: its workers claim from it."""

    name = models.CharField(_("name"), max_length=100, primary_key=True)
    paused_at = models.DateTimeField(
        _("paused at"), null=True, blank=True, help_text=_("Since when workers claim no more of its jobs.")
    )

    objects = JobsManager.from_queryset(QueueQuerySet)()

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ("name",)
        permissions = (("pause_queue", "Can pause and resume queues"),)

    def __str__(self) -> str:
        return self.name
