"""Telling of what happened: after the commit, and so that no receiver can harm a job."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.dispatch import Signal

from .registry import handlers

if TYPE_CHECKING:
    from .models import Job


def announce(signal: Signal, job: Job, **facts: Any) -> None:
    """Send a signal about a committed job now; a receiver that raises is logged by Django."""
    signal.send_robust(sender=handlers.find(job.name), job=job, **facts)


def tell_of(signal: Signal, ids: Collection[UUID], alias: str, **facts: Any) -> None:
    """Announce a signal for each of these jobs once the transaction commits; free when nobody listens."""
    if ids and signal.receivers:
        transaction.on_commit(partial(_announce_all, signal, list(ids), alias, facts), using=alias, robust=True)


def _announce_all(signal: Signal, ids: list[UUID], alias: str, facts: dict[str, Any]) -> None:
    jobs = apps.get_model("django_jobs", "Job")._default_manager.using(alias).in_bulk(ids)
    for pk in ids:
        if pk in jobs:
            announce(signal, jobs[pk], **facts)
