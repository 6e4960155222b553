"""What a person can do with jobs in the admin: each verb, who may, where it leads, and what to say about it."""

# ruff: noqa: ARG005 - all verbs are called alike, and not all need a reason or a value

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from .. import asking
from ..models import Job, JobEvent
from ..pruning import delete_locked
from ..querysets import JobQuerySet
from ..states import FINISHED, MOVES, UNFINISHED, JobStatus, Verb
from ..texts import storable_text

UNSTARTED = UNFINISHED - {JobStatus.RUNNING}

# A pending job may be claimed at any moment: `run_after` could not hold it back any more.
EDITABLE: dict[str, tuple[str, ...]] = {
    JobStatus.SCHEDULED: ("priority", "queue_name", "run_after"),
    JobStatus.PENDING: ("priority", "queue_name"),
}
"""The fields of a job that may be changed, by its status."""


@dataclass(frozen=True)
class JobVerb:
    """A verb, as the admin offers it."""

    name: str
    label: Any
    permission: str
    """The permission it takes: the admin has a method for each."""
    sources: frozenset[JobStatus]
    """From where it leads anywhere."""
    act: Callable[[JobQuerySet, str, Any], int]
    """Do it to jobs, for a reason, with a value; return how many changed."""
    changed: Any
    """What to say of how many changed, by `count`."""
    only: Any
    """What to say of the others."""
    field: str = ""
    """The field of a job whose new value the verb asks for."""
    is_button: bool = False
    """Whether a button on the job page does it."""
    is_grave: bool = False
    """Whether it always asks before it acts on many."""
    asks_of: frozenset[JobStatus] = frozenset()
    """Where it asks before it acts on many among which such are."""
    warning: Any = ""
    """What to say when it asks for either reason."""


def copied(twin: Job, reason: str) -> Job:
    """Note on a copy's timeline who made it."""
    JobEvent.objects.using(twin._state.db).create(job=twin, name=storable_text(reason, 200))
    return twin


def _copy(jobs: JobQuerySet, reason: str) -> int:
    with transaction.atomic(using=jobs.db):
        return len([copied(asking.copy(job), reason) for job in jobs.finished().iterator(chunk_size=100)])


def _setting(field: str) -> Callable[[JobQuerySet, str, Any], int]:
    return lambda jobs, reason, value: jobs.filter(status__in=UNSTARTED).update(**{field: value})


_REPEATS = _("Some of them have completed, and would do their work once more.")
_ALL = (
    JobVerb(
        "run_now", _("Run now"), "retry", MOVES[Verb.RUN_NOW].sources, lambda jobs, reason, value: jobs.run_now(),
        ngettext_lazy("%(count)d job is due now.", "%(count)d jobs are due now.", "count"),
        _("only scheduled jobs can be made due"), is_button=True,
    ),
    JobVerb(
        "retry", _("Retry"), "retry", FINISHED, lambda jobs, reason, value: jobs.retry(),
        ngettext_lazy("%(count)d job is pending again.", "%(count)d jobs are pending again.", "count"),
        _("only finished jobs can be retried"), is_button=True,
        asks_of=frozenset({JobStatus.COMPLETED}), warning=_REPEATS,
    ),
    JobVerb(
        "copy", _("Run again as a copy"), "copy", FINISHED, lambda jobs, reason, value: _copy(jobs, reason),
        ngettext_lazy("%(count)d copy is enqueued.", "%(count)d copies are enqueued.", "count"),
        _("only finished jobs can be run again as copies"),
        asks_of=frozenset({JobStatus.COMPLETED}), warning=_REPEATS,
    ),
    JobVerb(
        "cancel", _("Cancel"), "cancel", UNFINISHED, lambda jobs, reason, value: jobs.cancel(reason),
        ngettext_lazy(
            "%(count)d job is cancelled, or will be stopped by its worker.",
            "%(count)d jobs are cancelled, or will be stopped by their workers.", "count",
        ),
        _("what has finished cannot be cancelled"), is_button=True, asks_of=frozenset({JobStatus.RUNNING}),
        warning=_("Some of them are running: their workers will stop them."),
    ),
    JobVerb(
        "change_priority", _("Change priority"), "change", UNSTARTED, _setting("priority"),
        ngettext_lazy("%(count)d priority is changed.", "%(count)d priorities are changed.", "count"),
        _("only jobs that have not started can be changed"), field="priority",
    ),
    JobVerb(
        "change_queue", _("Change queue"), "change", UNSTARTED, _setting("queue_name"),
        ngettext_lazy("%(count)d job changed its queue.", "%(count)d jobs changed their queue.", "count"),
        _("only jobs that have not started can be changed"), field="queue_name",
    ),
    JobVerb(
        "delete_selected", _("Delete"), "delete", FINISHED,
        lambda jobs, reason, value: delete_locked(jobs.finished(), jobs.count()),
        ngettext_lazy("%(count)d job is deleted.", "%(count)d jobs are deleted.", "count"),
        _("only finished jobs, which nothing protects, can be deleted"), is_grave=True,
        warning=_("Their logs, events and attempts go with them. Nothing brings them back."),
    ),
)  # fmt: skip
VERBS = {verb.name: verb for verb in _ALL}
