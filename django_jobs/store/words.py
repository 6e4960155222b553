"""The words that the SQL of jobs is made of, in the dialect of one database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .reading import field_of, read_rows

if TYPE_CHECKING:
    from ..models import Job


class Words(ABC):
    """What statements about jobs have in common."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.model: type[Job] = apps.get_model("django_jobs", "Job")

    @property
    def connection(self) -> BaseDatabaseWrapper:
        """This thread's connection."""
        return connections[self.alias]

    @property
    def table(self) -> str:
        """The quoted name of the job table."""
        return self._table_of("Job")

    @property
    def log_table(self) -> str:
        """The quoted name of the table of log lines."""
        return self._table_of("JobLog")

    def _table_of(self, model: str) -> str:
        return self.connection.ops.quote_name(apps.get_model("django_jobs", model)._meta.db_table)

    @property
    @abstractmethod
    def clock(self) -> str:
        """The SQL of the database's time, to save asking for it first."""

    @abstractmethod
    def seconds_between(self, begin: str, end: str) -> str:
        """Return the SQL of the seconds from one moment to another."""

    def walking(self, index: str) -> str:  # noqa: ARG002 - for those databases that need it
        """Return the hint to walk this index, for a database that locks whatever it looks at on its way."""
        return ""

    def query(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a statement on this thread's connection and return all its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def column(self, name: str) -> str:
        """Return the quoted column of a field."""
        return self.connection.ops.quote_name(str(field_of(self.model, name).column))

    def prepared(self, name: str, value: Any) -> Any:
        """Return a field's value as this database wants it."""
        return field_of(self.model, name).get_db_prep_save(value, self.connection)

    def prepared_ids(self, ids: Iterable[UUID]) -> list[Any]:
        """Return ids as this database wants them, which is what the field would say of each."""
        is_native = self.connection.features.has_native_uuid_field
        return list(ids) if is_native else [pk.hex for pk in ids]

    def read_ids(self, rows: Iterable[tuple[Any, ...]]) -> list[UUID]:
        """Return the ids of rows that hold nothing else."""
        return [pk for (pk,) in read_rows(self.model, ("id",), rows, self.connection)]

    @staticmethod
    def marks(values: Collection[Any]) -> str:
        """Return the placeholders of an IN list."""
        return ", ".join(["%s"] * len(values))

    @property
    def paused(self) -> str:
        """The selection of the names of paused queues."""
        return f"SELECT name FROM {self._table_of('Queue')} WHERE paused_at IS NOT NULL"

    @property
    def first_due(self) -> str:
        """The first scheduled job, if it is due: asked for so, the planner has nothing to estimate."""
        walk = f"FROM {self.table} {self.walking('django_jobs_due')} WHERE status = 'scheduled'"
        return f"FROM (SELECT run_after {walk} ORDER BY run_after LIMIT 1) AS first WHERE run_after <= {self.clock}"

    @property
    def lanes(self) -> str:
        """The names of the queues that have pending jobs, by one index step each, as a table `lanes`; it ends NULL."""
        walk = f"FROM {self.table} {self.walking('django_jobs_fetch')} WHERE status = 'pending'"
        return (
            f"WITH RECURSIVE lanes(name) AS (SELECT (SELECT queue_name {walk} ORDER BY queue_name LIMIT 1) "
            f"UNION ALL SELECT (SELECT queue_name {walk} AND queue_name > lanes.name ORDER BY queue_name LIMIT 1) "
            "FROM lanes WHERE lanes.name IS NOT NULL)"
        )
