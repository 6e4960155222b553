"""The vocabulary of questions about jobs and workers, and the verbs that change many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.db import models, router
from django.db.models import CharField, Count, Exists, F, Min, Model, OuterRef, QuerySet, UUIDField
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast

from .events import tell_of
from .exceptions import InvalidOptions
from .settings import job_settings
from .signals import job_cancelled
from .states import FINISHED, MOVES, UNFINISHED, JobStatus, Verb
from .store import get_store
from .texts import storable_text

if TYPE_CHECKING:
    from .models import Job, Queue, Worker  # noqa: F401 - named in the strings below
    from .registry import Registrable

M = TypeVar("M", bound=Model)

BATCH = 500
WINDOW = 20_000
"""How many of the newest rows the admin and the API look at for what no index finds."""


def owner_key(owner: object) -> str:
    """Return how rows name an owner: text as it is, a model instance as `app.model:key`, None as ''.

    Raise `InvalidOptions` for what no row can name.
    """
    if owner is None:
        return ""
    if isinstance(owner, Model):
        if owner.pk is None:
            raise InvalidOptions(f"owner={owner!r} cannot own a job before it is saved.")
        owner = f"{(owner._meta.concrete_model or type(owner))._meta.label_lower}:{owner.pk}"
    key = str(owner)
    if len(key) > 200 or "\x00" in key:
        raise InvalidOptions(f"owner={key[:40]!r}: use at most 200 characters, without NUL.")
    return key


def jobs_database(model: type[Model] | None = None) -> str:
    """Return the database alias of the jobs: `JOBS["DATABASE"]`, or else what the routers say."""
    alias = job_settings().DATABASE
    if alias != "default":
        return alias
    return router.db_for_write(model or apps.get_model("django_jobs", "Job"))


def horizon(rows: QuerySet[Any], limit: int) -> Any:
    """Return the key of the oldest among the newest `limit` rows; None where there are no more than those.

    An index has to give these rows in the order of their keys, or newest first in their own.
    """
    model: type[Model] = rows.model
    # not every database knows the smallest of some UUIDs, but all sort their texts alike
    key = Cast("pk", CharField()) if isinstance(model._meta.pk, UUIDField) else F("pk")
    newest = (rows if rows.query.order_by else rows.order_by("-pk")).annotate(_key=key).values("_key")[:limit]
    seen = newest.aggregate(number=Count("_key"), oldest=Min("_key"))
    return model._meta.pk.to_python(seen["oldest"]) if seen["number"] == limit else None


class JobsManager(models.Manager[M], Generic[M]):
    """Ask the database that holds the jobs."""

    def get_queryset(self) -> QuerySet[M]:
        """Return all rows, from the jobs' own database."""
        return super().get_queryset().using(self._db or jobs_database(self.model))


class JobQuerySet(QuerySet["Job"]):
    """Questions read as adjectives, changes as verbs."""

    def pending(self) -> Self:
        """Jobs that a worker may claim now."""
        return self.filter(status=JobStatus.PENDING)

    def scheduled(self) -> Self:
        """Jobs that wait for their time."""
        return self.filter(status=JobStatus.SCHEDULED)

    def waiting(self) -> Self:
        """Jobs that wait for other jobs."""
        return self.filter(status=JobStatus.WAITING)

    def running(self) -> Self:
        """Jobs that a worker has claimed."""
        return self.filter(status=JobStatus.RUNNING)

    def completed(self) -> Self:
        """Jobs whose handler returned."""
        return self.filter(status=JobStatus.COMPLETED)

    def failed(self) -> Self:
        """Jobs that failed for good."""
        return self.filter(status=JobStatus.FAILED)

    def cancelled(self) -> Self:
        """Jobs that somebody cancelled."""
        return self.filter(status=JobStatus.CANCELLED)

    def newest_of(self, status: str) -> Self:
        """Jobs of one status, newest first, as the index of statuses gives them."""
        alone = {"status__range": (status, status)} if get_store(self.db).expects_even_spread else {"status": status}
        return self.filter(**alone).order_by("-status", "-pk")

    def finished(self) -> Self:
        """Jobs that completed, failed or were cancelled."""
        return self.filter(status__in=FINISHED)

    def unfinished(self) -> Self:
        """Jobs that still have something before them."""
        return self.filter(status__in=UNFINISHED)

    def due(self, now: datetime | None = None) -> Self:
        """Scheduled jobs whose time has come, by the database's clock."""
        return self.scheduled().filter(run_after__lte=now or get_store(self.db).now())

    def orphaned(self, now: datetime | None = None) -> Self:
        """Jobs that run, by their row, but whose worker is gone or silent for longer than `WORKER_TIMEOUT`."""
        workers = apps.get_model("django_jobs", "Worker")._default_manager.using(self.db)
        alive = workers.alive(now or get_store(self.db).now()).filter(pk=OuterRef("worker_id"))
        return self.running().filter(~Exists(alive))

    def named(self, *names: str | Registrable) -> Self:
        """Jobs of these handlers, given by their names or themselves."""
        return self.filter(name__in=[name if isinstance(name, str) else name.name for name in names])

    def in_queues(self, queue_names: Iterable[str]) -> Self:
        """Jobs of these queues."""
        return self.filter(queue_name__in=list(queue_names))

    def owned_by(self, owner: object) -> Self:
        """Jobs enqueued with this `owner`: a model instance or text."""
        key = owner_key(owner)
        # the index holds only jobs that have an owner, and not every database sees that this is one
        return self.filter(owner=key, owner__gt="") if key else self.filter(owner="")

    def with_arguments(self, **arguments: Any) -> Self:
        """Jobs whose arguments of these names equal these JSON values. No index helps: narrow down first.

        SQLite cannot tell True, False and None from the texts "true", "false" and "null", nor MariaDB 7 from "7".
        """
        found = self
        for key, value in arguments.items():
            # by an alias that is not made of the name: any text may be one, and an alias allows little
            found = found.alias(_argument=KeyTransform(key, "kwargs")).filter(_argument=value)
        return found

    def created_after(self, moment: datetime) -> Self:
        """Jobs created at or after `moment`."""
        return self.filter(created_at__gte=moment)

    def created_before(self, moment: datetime) -> Self:
        """Jobs created before `moment`."""
        return self.filter(created_at__lt=moment)

    def by_urgency(self) -> Self:
        """Order as workers claim: larger priority first, then the longest due."""
        return self.order_by("-priority", "run_after", "id")

    def cancel(self, reason: str = "") -> int:
        """Cancel what has not started and ask workers to stop what runs; return how many jobs that was."""
        return sum(self._cancel_batch(ids, storable_text(reason, 255)) for ids in self._batches(UNFINISHED))

    def _cancel_batch(self, ids: list[UUID], reason: str) -> int:
        store = get_store(self.db)
        mark = {"cancel_requested_at": store.now(), "cancel_reason": reason}
        count = 0
        while ids:
            cancelled = self._cancel_unstarted(ids, mark)
            met = len(cancelled) + len(store.change(set(ids) - set(cancelled), [JobStatus.RUNNING], mark))
            count += met
            # a job may start, or come back for a retry, between the two steps: then it is met in the next round
            missed = JobQuerySet(self.model, using=self.db).filter(pk__in=ids, cancel_requested_at=None).unfinished()
            ids = [] if met == len(ids) else list(missed.values_list("pk", flat=True))
        return count

    def _cancel_unstarted(self, ids: list[UUID], mark: dict[str, Any]) -> list[UUID]:
        reason = mark["cancel_reason"]
        error = f"Cancelled: {reason}" if reason else "Cancelled before it started."
        changes = {**mark, "started_at": None, "finished_at": mark["cancel_requested_at"], "error": error}
        cancelled = get_store(self.db).move(ids, Verb.CANCEL, changes, but=JobStatus.RUNNING)
        tell_of(job_cancelled, cancelled, self.db, reason=reason)
        return cancelled

    def retry(self) -> int:
        """Make finished jobs pending again, with all their attempts; return how many."""
        fresh = {
            "attempts": 0, "rescues": 0, "result": None, "error": "", "started_at": None, "finished_at": None,
            "cancel_requested_at": None, "cancel_reason": "",
            "progress_current": None, "progress_total": None, "progress_message": "",
        }  # fmt: skip
        return self._make_pending(Verb.RETRY, fresh)

    def run_now(self) -> int:
        """Make scheduled jobs due at once; return how many."""
        return self._make_pending(Verb.RUN_NOW, {})

    def _make_pending(self, verb: Verb, changes: Mapping[str, Any]) -> int:
        store = get_store(self.db)
        due = {**changes, "run_after": store.now()}
        count = sum(len(store.move(ids, verb, due)) for ids in self._batches(MOVES[verb].sources))
        if count:
            store.wake_workers()
        return count

    def _batches(self, statuses: Iterable[JobStatus]) -> Iterator[list[UUID]]:
        ids = iter(list(self.filter(status__in=list(statuses)).values_list("pk", flat=True)))
        while batch := list(islice(ids, BATCH)):
            yield batch


JobManager = JobsManager.from_queryset(JobQuerySet)


class WorkerQuerySet(QuerySet["Worker"]):
    """Which workers live, by the database's clock."""

    @staticmethod
    def oldest_heartbeat(now: datetime) -> datetime:
        """Return the moment before which a heartbeat has lapsed."""
        return now - job_settings().WORKER_TIMEOUT

    def alive(self, now: datetime) -> Self:
        """Workers that run and were heard of within `WORKER_TIMEOUT`."""
        return self.filter(stopped_at=None, heartbeat_at__gt=self.oldest_heartbeat(now))

    def lapsed(self, now: datetime) -> Self:
        """Workers that never said they stopped, and fell silent."""
        return self.filter(stopped_at=None, heartbeat_at__lte=self.oldest_heartbeat(now))

    def request_stop(self) -> int:
        """Ask these workers to claim no more and to stop after their jobs; return how many were asked.

        Under a supervisor another worker takes the place of one that stopped.
        """
        asked = self.filter(stopped_at=None, stop_requested_at=None)
        return asked.update(stop_requested_at=get_store(self.db).now())


class QueueQuerySet(QuerySet["Queue"]):
    """Which queues rest, and the verbs that change it."""

    def paused(self) -> Self:
        """Queues of which workers claim nothing."""
        return self.exclude(paused_at=None)

    def pause(self, *names: str) -> int:
        """Have workers claim no more jobs of these queues; what runs goes on. Return how many were not paused yet."""
        rows = [self.model(name=name) for name in names]
        self.bulk_create(rows, ignore_conflicts=True)
        return self.filter(name__in=names, paused_at=None).update(paused_at=get_store(self.db).now())

    def resume(self, *names: str) -> int:
        """Have workers claim from these queues again; return how many were paused."""
        store = get_store(self.db)
        count = self.paused().filter(name__in=names).update(paused_at=None)
        if count:
            store.wake_workers()
        return count
