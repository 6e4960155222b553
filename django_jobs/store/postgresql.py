"""Jobs on PostgreSQL: every step is one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from ..settings import job_settings
from ..states import JobStatus
from .base import Store
from .claims import CANCELLED_FOR, CANCELLED_RUNNING, Report
from .listening import CHANNEL, WINDOW, Coalescer, NotificationListener
from .reading import read_rows

if TYPE_CHECKING:
    from ..models import Job

# Serialization failure, deadlock, lock not available (PostgreSQL manual, appendix A).
TRANSIENT = {"40001", "40P01", "55P03"}


class PostgreSQLStore(Store):
    """`FOR UPDATE SKIP LOCKED` in a CTE, which the planner never inlines, so that LIMIT holds."""

    expects_even_spread = True

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self._coalescer = Coalescer(WINDOW)

    def now(self) -> datetime:
        """Return the time at which this statement began on the server."""
        ((moment,),) = self.query("SELECT statement_timestamp()", [])
        moment = moment.astimezone(UTC)
        return moment if settings.USE_TZ else timezone.make_naive(moment)

    def take(
        self, selection: str, params: Sequence[Any], changes: str, values: Sequence[Any], *,
        returning: str = "id", skip_locked: bool = False,
    ) -> list[tuple[Any, ...]]:  # fmt: skip
        """Lock, change and return in one statement.

        A row's place is quicker to find again than its id, but only its id finds a row that moved while this waited.
        """
        lock, key = ("FOR UPDATE SKIP LOCKED", "ctid") if skip_locked else ("FOR UPDATE", "id")
        return self.query(
            f"WITH chosen AS MATERIALIZED (SELECT {key} AS chosen_key FROM {self.table} {selection} {lock}) "
            f"UPDATE {self.table} SET {changes} WHERE {key} = ANY(ARRAY(SELECT chosen_key FROM chosen)) "
            f"RETURNING {returning}",
            [*params, *values],
        )

    def insert(self, template: Job, rows: Sequence[tuple[UUID, str, str]]) -> None:
        """Write new jobs from arrays, in a statement whose text and plan do not grow with them.

        What is a transaction by itself notifies too, which saves a second commit.
        """
        names, shared = self._shared(template)
        ids, args, kwargs = (",".join(parts) for parts in zip(*((pk.hex, *texts) for pk, *texts in rows), strict=True))
        sql = (
            f"INSERT INTO {self.table} (id, args, kwargs, {names}) SELECT call.*, {self.marks(shared)} FROM ROWS "
            "FROM (unnest(%s::uuid[]), jsonb_array_elements(%s::jsonb), jsonb_array_elements(%s::jsonb)) AS call"
        )
        params = [*shared, f"{{{ids}}}", f"[{args}]", f"[{kwargs}]"]
        if self.connection.in_atomic_block:
            self.wake_workers(template.queue_name)
        elif job_settings().LISTEN and self._coalescer.passes():
            sql = f"WITH written AS ({sql}) SELECT pg_notify(%s, %s)"
            params += [CHANNEL, template.queue_name]
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)

    def insert_lines(self, lines: Sequence[tuple[UUID, dict[str, Any]]]) -> None:
        """Write log lines from one JSON text."""
        rows = [{"job_id": pk, **line} for pk, line in lines]
        with self.connection.cursor() as cursor:
            cursor.execute(_LINES.format(table=self.log_table), [json.dumps(rows, default=str)])

    @property
    def clock(self) -> str:
        """The time at which a statement began on the server."""
        return "statement_timestamp()"

    def seconds_between(self, begin: str, end: str) -> str:
        """Return an expression of type double, which the driver reads faster than an interval."""
        return f"EXTRACT(EPOCH FROM {end} - {begin})::float8"

    def change_held(self, change: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> list[UUID]:
        """Lock, test the fence, change and answer in one statement, from arrays: most in the text form, for speed."""
        ids, tokens, *values = zip(*rows, strict=True)
        kinds, names = [*columns.values()], ", ".join(columns)
        arrays = ", ".join(ARRAYS[kind] for kind in kinds)
        sql = _CHANGE.format(table=self.table, change=change, names=names, arrays=arrays)
        held = [f"{{{','.join(pk.hex for pk in ids)}}}", f"{{{','.join(map(str, tokens))}}}"]
        return self.read_ids(self.query(sql, [*held, *map(_as_array, kinds, values)]))

    def conclude(self, reports: Sequence[Report]) -> dict[UUID, JobStatus]:
        """Write all outcomes in one UPDATE from arrays."""
        now = self.now()
        columns = zip(*(self._row(report, now) for report in reports), strict=True)
        sql = _CONCLUDE.format(table=self.table, cancelled=CANCELLED_RUNNING, cancelled_for=CANCELLED_FOR)
        rows = self.query(sql, [list(column) for column in columns])
        return {pk: JobStatus(status) for pk, status in read_rows(self.model, ("id", "status"), rows, self.connection)}

    @property
    def can_listen(self) -> bool:
        """Whether the driver is psycopg 3.2 or newer, and `LISTEN` allows it."""
        from django.db.backends.postgresql.psycopg_any import is_psycopg3  # the driver may not be installed at all

        return job_settings().LISTEN and is_psycopg3

    def listener(self) -> NotificationListener:
        """Return a session of `LISTEN`."""
        return NotificationListener(self.alias)

    def wake_workers(self, queue_name: str = "") -> None:
        """Notify after the commit, seldom: within the inserting transaction it would make all commits wait in line."""
        if job_settings().LISTEN:
            transaction.on_commit(partial(self._notify, queue_name), using=self.alias, robust=True)

    def _notify(self, queue_name: str) -> None:
        if self._coalescer.passes():
            self.query("SELECT pg_notify(%s, %s)", [CHANNEL, queue_name])

    @staticmethod
    def _row(report: Report, now: datetime) -> tuple[Any, ...]:
        return (
            report.id,
            report.claim_token,
            report.status.value,
            report.result,
            report.error,
            now + report.delay if report.status is JobStatus.SCHEDULED else None,
            now,
            int(report.refunds),
            int(report.rescued),
        )

    def is_transient(self, error: Exception) -> bool:
        """Tell a deadlock or lock timeout from a lost connection."""
        cause = error.__cause__
        code = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
        return isinstance(error, OperationalError) and code in TRANSIENT


ARRAYS = {"json": "jsonb_array_elements(%s::jsonb)", "float": "unnest(%s::float8[])", "text": "unnest(%s::text[])"}


def _as_array(kind: str, values: Sequence[Any]) -> str | list[Any]:
    return f"[{','.join(values)}]" if kind == "json" else [*values]


_CHANGE = """
WITH held AS MATERIALIZED (
    SELECT id AS held_id, {names}
    FROM {table} JOIN ROWS FROM (unnest(%s::uuid[]), unnest(%s::bigint[]), {arrays})
        AS report(job_id, token, {names}) ON id = job_id
    WHERE claim_token = token AND status = 'running'
    ORDER BY id
    FOR UPDATE OF {table}
)
UPDATE {table} SET {change}
FROM held WHERE id = held_id
RETURNING id
"""

_LINES = """
INSERT INTO {table} (job_id, attempt, level, logger, message, extra, created_at)
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS line(
    job_id uuid, attempt int, level int, logger text, message text, extra jsonb, created_at timestamptz
)
"""

_CONCLUDE = """
WITH report AS MATERIALIZED (
    SELECT * FROM unnest(
        %s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
        %s::int[], %s::int[]
    ) AS report(job_id, token, outcome, result, error, again_at, ended_at, refund, rescue)
), held AS MATERIALIZED (
    SELECT report.*, CASE
        WHEN outcome IN ('pending', 'scheduled') AND cancel_requested_at IS NOT NULL THEN 'cancelled' ELSE outcome
    END AS arrival
    FROM {table} JOIN report ON id = job_id
    WHERE claim_token = token AND status = 'running'
    ORDER BY id
    FOR UPDATE OF {table}
)
UPDATE {table} AS job SET
    status = arrival,
    result = held.result::jsonb,
    error = CASE
        WHEN arrival = outcome OR held.error <> '' THEN held.error
        WHEN cancel_reason = '' THEN '{cancelled}' ELSE '{cancelled_for}' || cancel_reason
    END,
    run_after = COALESCE(again_at, job.run_after),
    finished_at = CASE WHEN arrival IN ('completed', 'failed', 'cancelled') THEN ended_at END,
    attempts = job.attempts - refund,
    rescues = job.rescues + rescue
FROM held WHERE job.id = held.job_id
RETURNING job.id, job.status
"""
