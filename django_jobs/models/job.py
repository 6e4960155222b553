"""The job: one row from enqueue to end."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.base import ModelState
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..durations import Seconds, as_duration
from ..exceptions import WaitTimeout
from ..ids import uuid7
from ..options import HIGHEST_PRIORITY, LOWEST_PRIORITY
from ..querysets import JobManager
from ..registry import handlers
from ..states import FINISHED, JobStatus
from ..texts import plain
from .indexes import PartialIndex
from .worker import Worker

if TYPE_CHECKING:
    from ..registry import Registrable

LOOSE: dict[str, Any] = {"on_delete": models.DO_NOTHING, "db_constraint": False, "db_index": False, "blank": True}
"""What all keys of a job have in common: what they point to may be gone, and none has an index of its own."""


class Job(models.Model):
    """A handler's name, its arguments, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("handler"), max_length=200)
    queue_name = models.CharField(_("queue"), max_length=100, default="default")
    priority = models.SmallIntegerField(
        _("priority"),
        default=0,
        validators=[MinValueValidator(LOWEST_PRIORITY), MaxValueValidator(HIGHEST_PRIORITY)],
        help_text=_("-100 to 100; larger runs first."),
    )
    status = models.CharField(_("status"), max_length=10, choices=JobStatus.choices, default=JobStatus.PENDING)
    args = models.JSONField(_("positional arguments"), default=list, blank=True)
    kwargs = models.JSONField(_("arguments"), default=dict, blank=True)
    result = models.JSONField(_("result"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("most attempts"), default=3)
    timeout = models.DurationField(
        _("timeout"), null=True, blank=True, help_text=_("The limit of one attempt; empty for the handler's own.")
    )
    claim_token = models.PositiveBigIntegerField(default=0, editable=False)
    worker = models.ForeignKey(Worker, verbose_name=_("worker"), related_name="jobs", null=True, **LOOSE)
    owner = models.CharField(
        _("owner"), max_length=200, blank=True, default="", help_text=_("Whose job this is, as app.model:key.")
    )
    parent = models.ForeignKey("self", verbose_name=_("enqueued by job"), related_name="children", null=True, **LOOSE)
    copy_of = models.ForeignKey("self", verbose_name=_("copy of"), related_name="copies", null=True, **LOOSE)
    progress_current = models.FloatField(null=True, blank=True)
    progress_total = models.FloatField(null=True, blank=True)
    progress_message = models.CharField(_("progress message"), max_length=255, blank=True, default="")
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    run_after = models.DateTimeField(_("run after"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    cancel_requested_at = models.DateTimeField(_("cancel requested at"), null=True, blank=True)
    cancel_reason = models.CharField(_("cancel reason"), max_length=255, blank=True, default="")
    rescues = models.PositiveSmallIntegerField(
        _("rescues"), default=0, help_text=_("How many workers died while they ran this job.")
    )

    objects = JobManager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-id",)
        permissions = (("retry_job", "Can retry jobs"), ("cancel_job", "Can cancel jobs"))
        indexes = (
            PartialIndex(["queue_name", "-priority", "run_after", "id"], "django_jobs_fetch", {"status": "pending"}),
            PartialIndex(["run_after", "id"], "django_jobs_due", {"status": "scheduled"}),
            PartialIndex(["worker", "id"], "django_jobs_running", {"status": "running"}),
            models.Index(fields=["status", "id"], name="django_jobs_status"),
            PartialIndex(["owner", "id"], "django_jobs_owner", {"owner__gt": ""}),
        )

    def __str__(self) -> str:
        return f"{plain(self.name)} {self.pk}"

    @classmethod
    def known(cls, alias: str, **values: Any) -> Job:
        """Return a stored job whose other fields are deferred, at a tenth of what `Job()` costs."""
        job = cls.__new__(cls)
        job.__dict__ = {**values, "_state": ModelState()}
        job._state.adding, job._state.db = False, alias
        return job

    @property
    def handler(self) -> Registrable | None:
        """The registered handler of this job's name, or None where it is unknown."""
        return handlers.find(self.name)

    @property
    def is_finished(self) -> bool:
        """Whether the job completed, failed or was cancelled."""
        return self.status in FINISHED

    @property
    def progress_percent(self) -> int | None:
        """0 to 100 as the handler reported, 100 for a completed job, None where nothing is known."""
        if self.status == JobStatus.COMPLETED:
            return 100
        if self.progress_current is None or not self.progress_total:
            return None
        return max(0, min(100, int(100 * self.progress_current / self.progress_total)))

    @property
    def duration(self) -> timedelta | None:
        """How long the job's last attempt ran, or has been running; None while the job waits for one."""
        if self.started_at is None or (self.finished_at is None and self.status != JobStatus.RUNNING):
            return None
        return max((self.finished_at or timezone.now()) - self.started_at, timedelta(0))

    @property
    def remaining(self) -> timedelta | None:
        """How long a running job takes yet if it goes on as it went; None before its first percent."""
        passed = self.duration
        if self.status != JobStatus.RUNNING or passed is None or not self.progress_percent:
            return None
        return passed * max((self.progress_total or 0) / (self.progress_current or 1) - 1, 0)

    def cancel(self, reason: str = "") -> bool:
        """Cancel this job, or ask its worker to stop it if it runs; False if it had finished already, or is gone."""
        return self._moved(self._as_queryset().cancel(reason))

    def retry(self) -> bool:
        """Make this finished job pending again, with all its attempts; False if it has not finished, or is gone."""
        return self._moved(self._as_queryset().retry())

    def run_now(self) -> bool:
        """Make this scheduled job due at once; False if it is not scheduled."""
        return self._moved(self._as_queryset().run_now())

    def wait(self, timeout: Seconds = 60.0, *, interval: float = 0.1) -> Job:
        """Return this job, refreshed, once it has finished; raise `WaitTimeout` after `timeout`.

        Only a worker elsewhere can finish it, and only after the transaction that enqueued it committed.
        """
        seconds = as_duration(timeout).total_seconds()
        deadline = time.monotonic() + seconds
        self.refresh_from_db()
        while not self.is_finished:
            if time.monotonic() >= deadline:
                raise WaitTimeout(f"{self} is still {self.status} after {seconds:g} s; is a worker running?")
            time.sleep(min(interval, max(deadline - time.monotonic(), 0)))
            self.refresh_from_db()
        return self

    def _as_queryset(self) -> Any:
        return type(self)._default_manager.using(self._state.db).filter(pk=self.pk)

    def _moved(self, count: int) -> bool:
        with suppress(type(self).DoesNotExist):  # whoever deleted it meant it
            self.refresh_from_db()
        return bool(count)
