"""What the page of one job shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ..handlers import find_handler, masked, without_secrets
from ..models import Attempt, Job, Queue, Worker
from ..states import JobStatus
from ..store import get_store
from ..texts import plain
from . import marks
from .tail import Tail
from .timeline import Happening, timeline
from .verbs import EDITABLE, JobVerb

ATTEMPTS = 20
LONGEST_VALUE = 10_000
LONGEST_ERROR = 1_000

VALUES: dict[str, tuple[Any, Callable[[Job], Any]]] = {
    "error": (_("Error"), lambda job: job.error),
    "result": (_("Result"), lambda job: job.status == JobStatus.COMPLETED or job.result is not None),
    "args": (_("Positional arguments"), lambda job: job.args),
    "kwargs": (_("Arguments"), lambda job: job.kwargs or not job.args),
}
"""What a job was given and what came of it: each with its label, and whether it is there."""


class JobPage:
    """A job and all that belongs to it; every part is read when it is asked for."""

    def __init__(self, job: Job, may: Mapping[str, JobVerb], asked: QueryDict) -> None:
        self.job = job
        self.may = may
        self.may_copy, self.may_delete = "copy" in may, "delete_selected" in may
        self.buttons = [verb for verb in may.values() if verb.is_button]
        self.is_editable = job.status in EDITABLE
        self.tail = Tail(job.pk, asked)

    @cached_property
    def words(self) -> dict[str, Any]:
        """What the row says, as people read it."""
        job, handler = self.job, find_handler(self.job.name)
        label, _colon, key = job.owner.partition(":")
        return {
            "name": plain(job.name),
            "is_known": handler is not None,
            "description": handler.description if handler else "",
            "queue": plain(job.queue_name),
            "owner": marks.cut(job.owner, 60),
            "owner_view": f"admin:{label.replace('.', '_')}_change",
            "owner_key": key,
            "mark": marks.status_mark(job),
            "bar": marks.bar(job),
            "saying": plain(job.progress_message),
            "reason": plain(job.cancel_reason),
            "worker": plain(self.worker.name) if self.worker else "",
            "timeout": "" if job.timeout is None else marks.span(job.timeout),
            "duration": "" if job.duration is None else marks.duration_of(job),
        }

    @property
    def elapsed(self) -> float | None:
        """The seconds that a running job has been running, for the page to count on."""
        if self.job.status != JobStatus.RUNNING or self.job.started_at is None:
            return None
        return max((self.now - self.job.started_at).total_seconds(), 0)

    @property
    def elapsed_clock(self) -> str:
        """The same for people."""
        return marks.clock(timedelta(seconds=self.elapsed or 0))

    @property
    def left(self) -> str:
        """How long the rest will take if it goes on like this."""
        left, elapsed = self.job.remaining, self.elapsed
        if not left or not elapsed or elapsed < 2:
            return ""
        return _("about %(span)s left") % {"span": marks.span(left, parts=1)}

    @property
    def counts(self) -> str:
        """The progress in the handler's own units."""
        current, total = self.job.progress_current, self.job.progress_total
        if current is None or not total or self.job.status == JobStatus.COMPLETED:
            return ""
        return _("%(current)s of %(total)s") % {"current": marks.number(current), "total": marks.number(total)}

    @cached_property
    def now(self) -> datetime:
        """The database's time."""
        return get_store(self.job._state.db or "default").now()

    @cached_property
    def worker(self) -> Worker | None:
        """The worker that runs or ran the job, if its row is still there."""
        return Worker.objects.filter(pk=self.job.worker_id).first() if self.job.worker_id else None

    @property
    def is_orphaned(self) -> bool:
        """Whether the job runs in a worker that is gone or silent."""
        alive = self.worker is not None and self.worker.is_alive(self.now)
        return self.job.status == JobStatus.RUNNING and not alive

    @cached_property
    def is_paused(self) -> bool:
        """Whether the job waits in a queue that rests."""
        return self.job.status == JobStatus.PENDING and Queue.objects.paused().filter(name=self.job.queue_name).exists()

    @property
    def values(self) -> Iterator[dict[str, Any]]:
        """The error, the result and the arguments, each to its length that a person reads."""
        for part, (label, is_there) in VALUES.items():
            if is_there(self.job):
                text = text_of(self.job, part)
                yield {"part": part, "label": label, "text": text, "shown": marks.cut(text, LONGEST_VALUE)}

    @cached_property
    def attempts(self) -> list[Attempt]:
        """The latest attempts that did not simply succeed, the newest first."""
        return list(Attempt.objects.filter(job_id=self.job.pk).order_by("-id")[:ATTEMPTS])

    @property
    def tried(self) -> Iterator[dict[str, Any]]:
        """The same as people read them: the beginning of the error, and the end of the traceback, where it is."""
        for row in self.attempts:
            yield {
                "row": row,
                "mark": marks.outcome_mark(row.outcome),
                "worker": plain(row.worker_name),
                "took": marks.took(row),
                "error": marks.cut(row.error, LONGEST_ERROR),
                "traceback": plain(row.traceback[-LONGEST_VALUE:]),
                "is_cut": len(row.traceback) > LONGEST_VALUE,
            }

    @cached_property
    def timeline(self) -> list[Happening]:
        """What happened, in order."""
        return timeline(self.job, self.attempts, self.worker)


def text_of(job: Job, part: str) -> str:
    """Return the error, the result or the arguments as people read them, what is sensitive masked."""
    if part == "error":
        return plain(job.error)
    args, kwargs = masked(job)
    values = {"args": args, "kwargs": kwargs, "result": without_secrets(job, job.result)}
    return plain(marks.pretty(values[part]))
