"""Which job the running code belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from uuid import UUID

running_job_id: ContextVar[UUID | None] = ContextVar("django_jobs_running_job_id", default=None)
"""Set while a handler runs, so that the jobs it enqueues know their parent."""
