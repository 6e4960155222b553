"""The attempt: one run of a job that did not simply succeed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..querysets import JobsManager
from ..states import Outcome
from .job import Job


class Attempt(models.Model):
    """How one run of a job ended, with its traceback. A first run that completes leaves none."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="history")
    number = models.PositiveSmallIntegerField(_("attempt"))
    claim_token = models.PositiveBigIntegerField(editable=False)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    error = models.TextField(_("error"), blank=True, default="")
    traceback = models.TextField(_("traceback"), blank=True, default="")
    worker_name = models.CharField(_("worker"), max_length=200, blank=True, default="")
    started_at = models.DateTimeField(_("started at"), null=True)
    ended_at = models.DateTimeField(_("ended at"))

    objects = JobsManager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("id",)
        indexes = (models.Index(fields=["job", "id"], name="django_jobs_attempt_job"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
