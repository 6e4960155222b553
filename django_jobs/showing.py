"""What a page shows of a job to those whose job it is: facts for programs, and a fragment for people."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from .handlers import without_secrets
from .models import Job
from .states import JobStatus
from .texts import plain

UNREAD = ("args", "kwargs")
"""Fields that no page shows."""

SHOWN = (
    "id", "name", "status", "is_finished", "attempts", "max_attempts", "result", "error",
    "progress_percent", "progress_current", "progress_total", "progress_message",
    "created_at", "run_after", "started_at", "finished_at", "cancel_requested_at",
)  # fmt: skip

SAID = ("result", "error", "progress_message")
"""What the handler said: shown without its sensitive arguments."""

MINUTE = timedelta(minutes=1)


def facts_of(job: Job) -> dict[str, Any]:
    """Return how a job stands; this changes only when its row does."""
    return {name: without_secrets(job, getattr(job, name)) if name in SAID else getattr(job, name) for name in SHOWN}


def fragment_of(job: Job) -> str:
    """Return how a job stands as HTML, in the current language."""
    said = {name: _told(value) for name, value in facts_of(job).items() if name in SAID}
    shown = {"job": job, "label": _label(job), "left": _left(job), "said": said}
    return render_to_string("django_jobs/job_state.html", shown)


def _label(job: Job) -> str:
    if job.cancel_requested_at and job.status == JobStatus.RUNNING:
        return _("stopping")
    return str(job.get_status_display())


def _left(job: Job) -> str:
    left = job.remaining
    if left is None:
        return ""
    if left < MINUTE:
        return _("less than a minute left")
    now = timezone.now()
    return _("about %(span)s left") % {"span": timesince(now, now + left, depth=1)}


def _told(value: Any) -> str:
    """Return what was said as people read it, nothing where there is nothing."""
    return (
        ""
        if value is None
        else plain(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
    )
