"""How the admin shows a status, a moment, a span of time, a progress, and a long value."""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime, timedelta
from typing import Any

from django.utils import dateformat, timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from ..models import Attempt, Job
from ..states import JobStatus, Outcome
from ..texts import plain

NOTHING = "–"
SEVERITIES = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))
UNITS = ((86400, _("%(count)s d")), (3600, _("%(count)s h")), (60, _("%(count)s min")), (1, _("%(count)s s")))
"""The seconds of each unit, the largest first."""


def cut(text: str, limit: int) -> str:
    """Return a text, plain, or its beginning and an ellipsis."""
    return plain(text) if len(text) <= limit else plain(text[:limit]).rstrip() + "…"


def line(text: str, limit: int) -> SafeString:
    """Return one line of a text, more of it as its title; nothing for no text."""
    if not text:
        return SafeString()
    return format_html('<small class="jobs-line" title="{}">{}</small>', cut(text, 1000), cut(text, limit))


def note(text: str) -> SafeString:
    """Return a small word below another; nothing for no word."""
    return format_html('<small class="jobs-note">{}</small>', text) if text else SafeString()


def breakable(name: str) -> SafeString:
    """Return a dotted name that may be broken after its dots and underscores, and only there."""
    return format_html_join(
        mark_safe("<wbr>"), "{}", ((part,) for part in re.findall(r"[^._]*[._]?", plain(name)) if part)
    )


def pretty(value: Any, indent: int | None = 2) -> str:
    """Return a JSON value as people read it."""
    return json.dumps(value, indent=indent, ensure_ascii=False)


def mark(kind: str, label: Any) -> SafeString:
    """Return a word in a coloured frame."""
    return format_html('<span class="jobs-mark jobs-mark-{}">{}</span>', kind, label)


def status_mark(job: Job) -> SafeString:
    """Return the mark of a job's status."""
    if job.status == JobStatus.RUNNING and job.cancel_requested_at:
        return mark("stopping", _("stopping"))
    return mark(job.status, job.get_status_display())


def outcome_mark(outcome: str) -> SafeString:
    """Return the mark of an attempt's outcome."""
    return mark(outcome, Outcome(outcome).label if outcome in Outcome.values else outcome)


def local(moment: datetime) -> datetime:
    """Return a moment in the current time zone; as it is where the site has none."""
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def severity(level: int) -> str:
    """Return the word that styles a log level."""
    return next((word for least, word in SEVERITIES if level >= least), "debug")


def at(moment: datetime, told: str = "") -> SafeString:
    """Return a moment as it is told, or to the second, with the full time as its title."""
    text, full = (dateformat.format(local(moment), form) for form in ("Y-m-d H:i:s", "Y-m-d H:i:s T"))
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), full, told or text)


def age(moment: datetime, now: datetime | None = None) -> SafeString:
    """Return how long ago a moment was or how far ahead it is."""
    passed = (now or timezone.now()) - moment
    text = _("%(span)s ago") if passed >= timedelta(0) else _("in %(span)s")
    parts = 2 if passed < -timedelta(hours=1) else 1  # what comes is planned to the minute
    return at(moment, text % {"span": span(abs(passed), parts=parts)})


def span(duration: timedelta, *, parts: int = 2) -> str:
    """Return a duration in its largest units, at most `parts` of them."""
    seconds = duration.total_seconds()
    if seconds < 10 and parts > 1:
        return _("%(count)s s") % {"count": number(round(seconds, 2 if seconds < 1 else 1))}
    words: list[str] = []
    left = int(seconds)
    for size, text in UNITS:
        count, left = divmod(left, size)
        if count or (size == 1 and not words):
            words.append(text % {"count": count})
    return " ".join(words[:parts])


def clock(duration: timedelta) -> str:
    """Return a running time as h:mm:ss, which a page can count on by itself."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def duration_of(job: Job) -> str:
    """Return how long a job's last attempt took, or has been taking."""
    duration = job.duration
    if duration is None or not (job.is_finished or job.status == JobStatus.RUNNING):
        return NOTHING
    return span(duration)


def took(attempt: Attempt) -> str:
    """Return how long an attempt took; nothing for one that never started."""
    return span(max(attempt.ended_at - attempt.started_at, timedelta())) if attempt.started_at else ""


def bar(job: Job) -> SafeString:
    """Return the progress of a job as a bar and words; nothing where it reported none."""
    percent, done = job.progress_percent, job.progress_current
    if job.status == JobStatus.COMPLETED or (percent is None and done is None):
        return SafeString()
    if percent is None:
        return format_html('<span class="jobs-count">{}</span>', _("%(count)s done") % {"count": number(done or 0)})
    return format_html(
        '<progress class="jobs-bar jobs-bar-{}" max="100" value="{}" aria-label="{}"></progress> '
        '<span class="jobs-percent">{} %</span>',
        job.status, percent, _("progress"), percent,
    )  # fmt: skip


def number(value: float) -> str:
    """Return a number as short as it goes."""
    return number_format(int(value) if value == int(value) else round(value, 2))
