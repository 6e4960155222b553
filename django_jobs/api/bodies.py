"""What goes over the wire, in and out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import AliasChoices, ConfigDict, Field, StrictFloat, StrictInt

from ..handlers import masked, without_secrets
from ..models import Job
from .moments import Moment


class NewJob(Schema):
    """A job to enqueue; what is left out is the handler's own."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(validation_alias=AliasChoices("name", "type"), description="The handler's name, also as `type`.")
    arguments: dict[str, Any] = Field(
        default_factory=dict,
        validation_alias=AliasChoices("arguments", "metadata"),
        description="The handler's arguments by name, also as `metadata`.",
    )
    priority: StrictInt | str | None = Field(None, description="high, normal, low, or -100 to 100.")
    delay: StrictInt | StrictFloat | str | None = Field(None, description="Seconds from now, or text such as 5m.")
    run_after: Moment | None = Field(None, description="Not before this time, which needs a time zone.")
    queue_name: str | None = None

    def options(self) -> dict[str, Any]:
        """Return what was given for `using`."""
        return self.dict(include={"priority", "delay", "run_after", "queue_name"}, exclude_none=True)


class Cancellation(Schema):
    """Why a job is cancelled."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=255)


class JobSummary(Schema):
    """A job as lists show it."""

    id: UUID
    name: str
    queue_name: str
    priority: int
    status: str
    owner: str
    error: str
    attempts: int
    max_attempts: int
    progress_percent: int | None
    progress_current: float | None
    progress_total: float | None
    progress_message: str
    parent_id: UUID | None
    copy_of_id: UUID | None
    created_at: datetime
    run_after: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_reason: str
    duration: float | None = Field(description="Seconds that the last attempt ran, or has been running.")

    @staticmethod
    def resolve_duration(job: Job) -> float | None:
        """Return the duration in seconds."""
        return None if job.duration is None else job.duration.total_seconds()


class JobDetails(JobSummary):
    """A job with what it was given and what it returned."""

    args: list[Any]
    arguments: dict[str, Any] = Field(alias="kwargs")
    result: Any

    @staticmethod
    def resolve_args(job: Job) -> list[Any]:
        """Return the positional arguments, the sensitive ones masked."""
        return masked(job)[0]

    @staticmethod  # named after the alias, which is what ninja asks for
    def resolve_kwargs(job: Job) -> dict[str, Any]:
        """Return the arguments by name, the sensitive ones masked."""
        return masked(job)[1]

    @staticmethod
    def resolve_result(job: Job) -> Any:
        """Return the result without what is sensitive."""
        return without_secrets(job, job.result)


class JobPage(Schema):
    """Some jobs, and the cursor for more."""

    jobs: list[JobSummary]
    next: UUID | None = Field(description="The cursor of the page after this one; null when there is none.")
    looked_back_to: UUID | None = Field(description="The oldest job that was looked at; null when all were.")


class LogLine(Schema):
    """One log record of a job."""

    id: int
    attempt: int
    level: str = Field(alias="level_name")
    logger: str
    message: str
    extra: dict[str, Any]
    created_at: datetime


class LogPage(Schema):
    """Some log lines, and the cursor for more."""

    logs: list[LogLine]
    next: int | None
