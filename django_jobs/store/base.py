"""What a database must be able to do for jobs.

A store is stateless and may be used from any thread: it speaks through that thread's own connection. To support
another database, subclass `Store`, implement the abstract methods, register it with `register_store`, and run the
store's test suite against it.
"""

from __future__ import annotations

import json
import logging
import random
import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import Field

from ..states import MOVES, JobStatus, Outcome, Verb
from .claims import CLAIM_COLUMNS, Claim, Progress, Report, Survey
from .listening import Listener
from .reading import converter
from .words import Words

if TYPE_CHECKING:
    from ..models import Job

logger = logging.getLogger("django_jobs.store")

T = TypeVar("T")

TRIES = 8
PROGRESSED = {"current": "float", "total": "float", "message": "text"}
UNTOLD = (None, None, None)
PROGRESS = ", ".join(f"progress_{name} = COALESCE({name}, progress_{name})" for name in PROGRESSED)
_decode = json.JSONDecoder().raw_decode
LINE = ("attempt", "level", "logger", "message", "extra", "created_at")
"""The fields of a log line, beside its job."""


class Store(Words):
    """The SQL of jobs, for one database."""

    locking = "FOR UPDATE"
    """What a SELECT adds to lock its rows."""
    expects_even_spread = False
    """Whether the planner takes a status to be spread evenly over time, and would look for the newest jobs that have it
    among all newer ones of others. It does not where it is told of a range, which may hold but one value."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the database's time, which is what hosts compare."""

    @abstractmethod
    def take(
        self, selection: str, params: Sequence[Any], changes: str, values: Sequence[Any], *,
        returning: str = "id", skip_locked: bool = False,
    ) -> list[tuple[Any, ...]]:  # fmt: skip
        """Change the rows that a selection (`WHERE … ORDER BY … LIMIT …`) names; return their columns, changed.

        Selecting and changing are one step to every other connection. With `skip_locked`, rows that another
        connection is about to change are passed over where the database can tell, instead of waited for.
        """

    @abstractmethod
    def change_held(self, change: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> list[UUID]:
        """Change each of these running jobs by a row: its id, its claim token, and values of these columns.

        A column has a kind: "json" (as text), "float" or "text". Rows whose token is no longer the job's change
        nothing (the fence). Return the jobs that were changed; all are locked in the order of their ids.
        """

    def complete(self, reports: Sequence[Report], progress: Mapping[UUID, Progress]) -> Collection[UUID]:
        """Write that these jobs completed, with their results; return those whose claims still stood."""
        change = f"status = 'completed', result = outcome, error = '', finished_at = {self.clock}"
        rows = [(report.id, report.claim_token, report.result) for report in reports]
        if not progress:
            return self.change_held(change, {"outcome": "json"}, rows)
        told = [(*row, *progress.get(row[0], UNTOLD)) for row in rows]
        return self.change_held(f"{change}, {PROGRESS}", {"outcome": "json", **PROGRESSED}, told)

    def progress(self, rows: Sequence[tuple[UUID, int, float, float, str]]) -> Collection[UUID]:
        """Write how far jobs are: id, claim token, current, total and message; return those whose claims stood."""
        return self.change_held(PROGRESS, PROGRESSED, rows)

    @abstractmethod
    def conclude(self, reports: Sequence[Report]) -> dict[UUID, JobStatus]:
        """Write outcomes of any kind, as `finish` does."""

    def finish(
        self, reports: Sequence[Report], progress: Mapping[UUID, Progress] | None = None
    ) -> dict[UUID, JobStatus]:
        """Write outcomes; return the new status of each job whose claim still stood.

        Where all completed, what they said last of their progress is written with that. A report whose token is no
        longer the job's is left out of the answer and changes nothing (the fence). A job with a cancel request that
        would run again ends cancelled instead.
        """
        if not reports:
            return {}
        in_order = sorted(reports, key=attrgetter("id.int"))
        if all(report.outcome is Outcome.COMPLETED and report.result is not None for report in in_order):
            return dict.fromkeys(self.complete(in_order, progress or {}), JobStatus.COMPLETED)
        return self.conclude(in_order)

    def insert(self, template: Job, rows: Sequence[tuple[UUID, str, str]]) -> None:
        """Write new jobs: each an id with the JSON of its arguments, and all else as in the template; wake workers."""
        names, shared = self._shared(template)
        ids = self.prepared_ids(pk for pk, _, _ in rows)
        with self.connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {self.table} (id, args, kwargs, {names}) VALUES (%s, %s, %s, {self.marks(shared)})",
                [(pk, args, kwargs, *shared) for pk, (_, args, kwargs) in zip(ids, rows, strict=True)],
            )
        self.wake_workers(template.queue_name)

    def _shared(self, template: Job) -> tuple[str, list[Any]]:
        """Return the columns that new jobs have in common, but for those that are NULL, and their values."""
        connection, values = self.connection, {}
        for column, field in self._shared_fields.items():
            value = getattr(template, field.attname)
            if value is not None:
                is_plain = isinstance(value, str | int)  # as any driver takes it
                values[column] = value if is_plain else field.get_db_prep_save(value, connection)
        return ", ".join(values), [*values.values()]

    @cached_property
    def _shared_fields(self) -> dict[str, Field[Any, Any]]:
        fields = self.model._meta.concrete_fields
        return {self.column(field.name): field for field in fields if field.name not in {"id", "args", "kwargs"}}

    def claim(self, worker_id: UUID, queue_name: str, limit: int) -> list[Claim]:
        """Claim up to `limit` pending jobs of one queue, most urgent first; none while the queue is paused."""
        rows = self.take(
            f"{self.walking('django_jobs_fetch')} "
            f"WHERE status = 'pending' AND queue_name = %s AND NOT EXISTS ({self.paused} AND name = %s) "
            "ORDER BY priority DESC, run_after, id LIMIT %s",
            [queue_name, queue_name, limit],
            "status = 'running', worker_id = %s, claim_token = claim_token + 1, attempts = attempts + 1, "
            f"started_at = {self.clock}, finished_at = NULL, "
            "progress_current = NULL, progress_total = NULL, progress_message = ''",
            [self.prepared("worker", worker_id)],
            returning=", ".join([*map(self.column, CLAIM_COLUMNS), self.seconds_between("run_after", "started_at")]),
            skip_locked=True,
        )
        return sorted(self._read_claims(rows), key=lambda claim: (-claim.priority, -claim.waited, claim.id.int))

    def _read_claims(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Claim]:
        """Yield claims; what costs the ORM's converters most, a field at a time, is read without them."""
        as_id = converter(self.model, "id", self.connection)
        as_span = converter(self.model, "timeout", self.connection)
        for pk, token, name, queue, priority, args, kwargs, attempts, most, timeout, owner, rescues, waited in rows:
            yield Claim(
                as_id(pk), token, name, queue, priority, decoded(args) if args != "[]" else [], decoded(kwargs),
                attempts, most, None if timeout is None else as_span(timeout), owner, rescues, max(waited, 0.0),
            )  # fmt: skip

    def promote(self, limit: int = 500) -> int:
        """Make scheduled jobs whose time has come pending; return how many."""
        taken = self.take(
            f"{self.walking('django_jobs_due')} "
            f"WHERE status = 'scheduled' AND run_after <= {self.clock} ORDER BY run_after, id LIMIT %s",
            [limit],
            "status = 'pending'",
            [],
            skip_locked=True,
        )
        return len(taken)

    def insert_lines(self, lines: Sequence[tuple[UUID, dict[str, Any]]]) -> None:
        """Write log lines: each a job's id, and the other fields of a `JobLog`."""
        moment = self.connection.ops.adapt_datetimefield_value
        ids = self.prepared_ids(pk for pk, _ in lines)
        rows = [
            (pk, *(line[name] for name in LINE[:-2]), json.dumps(line["extra"]), moment(line["created_at"]))
            for pk, (_, line) in zip(ids, lines, strict=True)
        ]
        with self.connection.cursor() as cursor:
            into = f"INSERT INTO {self.log_table} (job_id, {', '.join(LINE)})"
            cursor.executemany(f"{into} VALUES (%s, {self.marks(LINE)})", rows)

    def move(
        self, ids: Collection[UUID], verb: Verb, changes: Mapping[str, Any], *, but: JobStatus | None = None
    ) -> list[UUID]:
        """Move those of these jobs that the verb may move (except from `but`); return their ids."""
        move = MOVES[verb]
        return self.change(ids, move.sources - {but}, {"status": move.target, **changes})

    def change(self, ids: Collection[UUID], statuses: Collection[JobStatus], changes: Mapping[str, Any]) -> list[UUID]:
        """Change those of these jobs that stand in one of these statuses; return their ids."""
        if not ids:
            return []
        rows = self.retrying(partial(
            self.take,
            f"{self.walking('PRIMARY')} "
            f"WHERE id IN ({self.marks(ids)}) AND status IN ({self.marks(statuses)}) ORDER BY id",
            [*self.prepared_ids(ids), *sorted(statuses)],
            ", ".join(f"{self.column(name)} = %s" for name in changes),
            [self.prepared(name, value) for name, value in changes.items()],
        ))  # fmt: skip
        return self.read_ids(rows)

    def lock(self, ids: Collection[UUID]) -> None:
        """Lock these jobs, in order, for a transaction that changes them in several steps."""
        self.query(
            f"SELECT id FROM {self.table} {self.walking('PRIMARY')} WHERE id IN ({self.marks(ids)}) "
            f"ORDER BY id {self.locking}",
            self.prepared_ids(ids),
        )

    def pending_queues(self) -> list[str]:
        """Return the names of the queues that have pending jobs, paused or not, by one index step each."""
        return [name for (name,) in self.query(f"{self.lanes} SELECT name FROM lanes WHERE name IS NOT NULL", [])]

    def survey(self) -> Survey:
        """Look what there is to do, in one round trip; what waits in paused queues is not."""
        rows = self.query(
            f"{self.lanes} SELECT name FROM lanes WHERE name IS NOT NULL AND name NOT IN ({self.paused}) "
            f"UNION ALL SELECT NULL {self.first_due}",
            [],
        )
        names = [name for (name,) in rows if name is not None]
        return Survey(names, has_due=len(names) < len(rows))

    def answers(self) -> bool:
        """Tell whether the database can be reached at all, on a fresh connection."""
        self.connection.close()
        try:
            self.query("SELECT 1", [])
        except (DatabaseError, InterfaceError):
            return False
        return True

    @property
    def can_listen(self) -> bool:
        """Whether this database tells of changes at once."""
        return False

    def listener(self) -> Listener:
        """Return something that hears of changes, for the thread that asks."""
        raise NotImplementedError(f"{type(self).__name__} cannot listen")

    def wake_workers(self, queue_name: str = "") -> None:  # noqa: ARG002 - for those databases that tell them
        """Have idle workers look at once, when the transaction has committed; nothing where they see it themselves.

        They look first where a job was put, if that is told.
        """
        return

    def transaction(self) -> AbstractContextManager[Any]:
        """Open a transaction that is going to write."""
        return transaction.atomic(using=self.alias)

    def turn(self) -> AbstractContextManager[Any]:
        """Wait for the turn to write, where there is one writer at a time: the time asked for before would be old."""
        return nullcontext()

    def is_transient(self, error: Exception) -> bool:
        """Tell whether trying again may help: a lock, a deadlock, a busy database."""
        return isinstance(error, OperationalError)

    def retrying(self, operation: Callable[[], T]) -> T:
        """Run an operation again, with jitter, while it only meets locks and deadlocks of others."""
        for attempt in range(1, TRIES):
            try:
                return operation()
            except OperationalError as error:
                if self.connection.in_atomic_block or not self.is_transient(error):
                    raise
                logger.debug("database busy, trying again: %s", error)
                time.sleep(random.uniform(0.2, 1) * 0.02 * 2**attempt)  # noqa: S311 - spreads load
        return operation()


def decoded(text: str) -> Any:
    """Return the value of what the database holds as JSON, in a third of the time that `loads` takes."""
    return _decode(text.lstrip())[0]
