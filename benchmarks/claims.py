"""Claiming from tables of any size: called inside a site."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from benchmarks.inserts import columns
from benchmarks.inside import timed
from django_jobs.ids import uuid7
from django_jobs.store import get_store
from django_jobs.worker.claiming import Claimer


@dataclass(frozen=True)
class Dialect:
    """How a database counts from one number to another, and makes ids, times and names of them."""

    numbers: str
    id: str = "lpad(hex(n), 32, '0')"
    later: str = "now() + n * interval '1 second'"
    lane: str = "'lane' || n %% 3"
    tidy: str = ""
    """What a server does by itself after a while, where it does."""


DIALECTS = {
    "postgresql": Dialect(
        "generate_series({first}::bigint, {last}) AS n",
        id="lpad(to_hex(n), 32, '0')::uuid",
        tidy="VACUUM ANALYZE django_jobs_job",
    ),
    "sqlite": Dialect(
        "(WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s)",
        id="printf('%%032x', n)",
        later="datetime('now', n || ' seconds')",
    ),
    "mysql": Dialect(
        "(SELECT seq AS n FROM seq_{first}_to_{last}) AS numbers",
        later="now(6) + INTERVAL n SECOND",
        lane="concat('lane', n %% 3)",
        tidy="ANALYZE TABLE django_jobs_job",
    ),
}


def fill(finished: int, scheduled: int, pending: int) -> None:
    """Insert so many jobs that are done, for later, and waiting in three queues; in this order by age."""
    dialect = DIALECTS[connection.vendor]
    last = 0
    for total, status, changes in (
        (finished, "completed", {}),
        (scheduled, "scheduled", {"run_after": dialect.later}),
        (pending, "pending", {"queue_name": dialect.lane}),
    ):
        if total:
            _insert(last + 1, last + total, status, changes)
        last += total
    if dialect.tidy:
        with connection.cursor() as cursor:
            cursor.execute(dialect.tidy)


def wait(total: int) -> None:
    """Insert so many no-op jobs that wait in the default queue."""
    _insert(1, total, "pending", {})


def _insert(first: int, last: int, status: str, changes: dict[str, str]) -> None:
    """Insert numbered rows, like an enqueued job but for these columns, which are SQL."""
    dialect = DIALECTS[connection.vendor]
    values = {**columns(), "status": status}
    if status == "completed":
        values["finished_at"] = values["created_at"]
    row = {**dict.fromkeys(values, "%s"), "id": dialect.id, **changes}
    params = [values[name] for name, sql in row.items() if sql == "%s"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO django_jobs_job ({', '.join(row)}) "
            f"SELECT {', '.join(row.values())} FROM {dialect.numbers.format(first=first, last=last)}",
            params,
        )


def claims(times: int, limit: int) -> list[float]:
    """Return so many claims' milliseconds, queue after queue as a worker goes."""
    claimer = Claimer(get_store("default"), uuid7(), ())
    claimer.claim(limit)  # it connects
    return [1000 * timed(claimer.claim, limit) for _ in range(times)]
