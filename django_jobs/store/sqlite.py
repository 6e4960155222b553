"""Jobs on SQLite: one writer at a time, so every step is alone while it lasts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils import timezone

from .listening import VersionListener
from .stepwise import StepwiseStore


class SQLiteStore(StepwiseStore):
    """Single statements that take the write lock at once, and immediate transactions."""

    locking = ""

    def now(self) -> datetime:
        """Return this host's time: the database has no other."""
        return timezone.now()

    def take(
        self, selection: str, params: Sequence[Any], changes: str, values: Sequence[Any], *,
        returning: str = "id", skip_locked: bool = False,  # noqa: ARG002 - nobody is there to skip
    ) -> list[tuple[Any, ...]]:  # fmt: skip
        """Change and return in one statement."""
        return self.query(
            f"UPDATE {self.table} SET {changes} WHERE id IN (SELECT id FROM {self.table} {selection}) "
            f"RETURNING {returning}",
            [*values, *params],
        )

    @property
    def clock(self) -> str:
        """This host's time, as the file keeps it."""
        return f"'{self.prepared('started_at', self.now())}'"

    def seconds_between(self, begin: str, end: str) -> str:
        """Return a difference of days, to some tens of microseconds."""
        return f"(julianday({end}) - julianday({begin})) * 86400"

    def walking(self, index: str) -> str:
        """Keep the planner, which knows nothing of a table's contents before ANALYZE, from another index."""
        return "" if index == "PRIMARY" else f"INDEXED BY {index}"

    def change_held(self, change: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> list[UUID]:
        """Test the fence, change and answer in one UPDATE."""
        ids = self.prepared_ids(row[0] for row in rows)
        values = ", ".join([f"({self.marks(rows[0])})"] * len(rows))
        changed = self.query(
            f"WITH said(job_id, token, {', '.join(columns)}) AS (VALUES {values}) UPDATE {self.table} SET {change} "
            "FROM said WHERE id = job_id AND claim_token = token AND status = 'running' RETURNING id",
            [value for pk, (_, *rest) in zip(ids, rows, strict=True) for value in (pk, *rest)],
        )
        by_text = dict(zip(ids, (row[0] for row in rows), strict=True))
        return [by_text[text] for (text,) in changed]

    @property
    def can_listen(self) -> bool:
        """Any SQLite file can be watched."""
        return True

    def listener(self) -> VersionListener:
        """Return a watch on the file's version."""
        return VersionListener(self.alias)

    def transaction(self) -> AbstractContextManager[Any]:
        """Take the write lock at the start: a transaction that reads first could lose it to another, and fail."""
        return self._immediate() if not self.connection.in_atomic_block else transaction.atomic(using=self.alias)

    turn = transaction

    @contextmanager
    def _immediate(self) -> Iterator[None]:
        connection: Any = self.connection
        connection.ensure_connection()
        usual, connection.transaction_mode = connection.transaction_mode, "IMMEDIATE"
        try:
            with transaction.atomic(using=self.alias):
                connection.transaction_mode = usual
                yield
        finally:
            connection.transaction_mode = usual

    def is_transient(self, error: Exception) -> bool:
        """Tell a locked database from a full disk or a missing table."""
        code = getattr(error.__cause__, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        return isinstance(error, OperationalError) and primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
