"""Jobs on MySQL 8 and MariaDB 10.6 and later: lock, change, read back, in one short transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from ..texts import portions
from .claims import Survey
from .stepwise import StepwiseStore

# Lock wait timeout, deadlock, record changed since last read (MariaDB error codes).
TRANSIENT = {1205, 1213, 1020}
KINDS = {"json": "LONGTEXT", "float": "DOUBLE", "text": "LONGTEXT"}
MOST_ROWS = 1_000
MOST_TEXT = 4_000_000
"""Characters of results in one statement: they are escaped twice, and MySQL takes 16 MB if nobody changed it."""


class MySQLStore(StepwiseStore):
    """`FOR UPDATE SKIP LOCKED`, then an UPDATE by primary keys, at Django's READ COMMITTED."""

    def walking(self, index: str) -> str:
        """Keep the optimizer from small tables' habit of walking another index, and locking foreign rows on its way."""
        return f"FORCE INDEX ({index})"

    def now(self) -> datetime:
        """Return the server's time."""
        ((moment,),) = self.query("SELECT UTC_TIMESTAMP(6)", [])
        moment = moment.replace(tzinfo=UTC)
        return moment if settings.USE_TZ else timezone.make_naive(moment)

    def take(
        self, selection: str, params: Sequence[Any], changes: str, values: Sequence[Any], *,
        returning: str = "id", skip_locked: bool = False,
    ) -> list[tuple[Any, ...]]:  # fmt: skip
        """Lock first, then change by sorted primary keys, so that two transactions never wait in a ring."""
        lock = "FOR UPDATE SKIP LOCKED" if skip_locked else "FOR UPDATE"
        with self.transaction():
            ids = sorted(pk for (pk,) in self.query(f"SELECT id FROM {self.table} {selection} {lock}", params))
            if not ids:
                return []
            these = f"WHERE id IN ({self.marks(ids)}) ORDER BY id"
            self.query(f"UPDATE {self.table} {self.walking('PRIMARY')} SET {changes} {these}", [*values, *ids])
            return self.query(f"SELECT {returning} FROM {self.table} {these}", ids)

    @property
    def clock(self) -> str:
        """The server's time, as the table keeps it."""
        return "UTC_TIMESTAMP(6)" if settings.USE_TZ else f"'{self.now().isoformat(' ')}'"

    def seconds_between(self, begin: str, end: str) -> str:
        """Return an expression of type double."""
        return f"TIMESTAMPDIFF(MICROSECOND, {begin}, {end}) / 1e6"

    def pending_queues(self) -> list[str]:
        """Return the names of the queues that have pending jobs, paused or not, by one index step each.

        MariaDB reads all pending jobs to take such a step inside a recursive query, but not one with a constant.
        """
        return self._steps_after("")

    def survey(self) -> Survey:
        """Look what there is to do, in one round trip where that is nothing."""
        first_step = f"{self._step} '' ORDER BY queue_name LIMIT 1"
        ((first, has_due),) = self.query(f"SELECT ({first_step}), EXISTS(SELECT 1 {self.first_due})", [])
        if first is None:
            return Survey([], has_due=bool(has_due))
        paused = {name for (name,) in self.query(self.paused, [])}
        return Survey(
            [name for name in [first, *self._steps_after(first)] if name not in paused], has_due=bool(has_due)
        )

    @property
    def _step(self) -> str:
        walk = f"FROM {self.table} {self.walking('django_jobs_fetch')} WHERE status = 'pending'"
        return f"SELECT queue_name {walk} AND queue_name >"

    def _steps_after(self, name: str) -> list[str]:
        names = []
        while found := self.query(f"{self._step} %s ORDER BY queue_name LIMIT 1", [name]):
            ((name,),) = found
            names.append(name)
        return names

    def change_held(self, change: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> list[UUID]:
        """Lock the claims that still stand, then change them all by one JSON text, or a few where it is long."""
        with self.transaction():
            held = self.held([row[0] for row in rows])
            standing = [row for row in rows if (row[0], row[1]) in held]
            for portion in portions(standing, _length, MOST_ROWS, MOST_TEXT):
                said = json.dumps([[pk.hex, *values] for pk, _token, *values in portion], ensure_ascii=False)
                self.query(f"UPDATE {self._joined_with(columns)} SET {change}", [said])
        return [row[0] for row in standing]

    def _joined_with(self, columns: Mapping[str, str]) -> str:
        """Return a JSON list of rows with the job of each, in this order: else a small table is scanned, and locked.

        ASCII can be compared with a column of any collation.
        """
        kinds = {"job_id": "CHAR(32) CHARACTER SET ascii", **{name: KINDS[kind] for name, kind in columns.items()}}
        shape = ", ".join(f"{name} {kind} PATH '$[{place}]'" for place, (name, kind) in enumerate(kinds.items()))
        said = f"JSON_TABLE(%s, '$[*]' COLUMNS ({shape})) AS said"
        return f"{said} STRAIGHT_JOIN {self.table} {self.walking('PRIMARY')} ON id = job_id"

    def is_transient(self, error: Exception) -> bool:
        """Tell a deadlock or lock timeout from a lost connection."""
        return isinstance(error, OperationalError) and error.args[:1] != () and error.args[0] in TRANSIENT


def _length(row: Sequence[Any]) -> int:
    return sum(len(value) for value in row if isinstance(value, str))
