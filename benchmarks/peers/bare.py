"""The bare database: claiming and finishing on the job table in a loop, with nothing around it.

No fence, no heartbeat, no retry, no signal, no log, no handler: what is left is what the database itself can do.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from benchmarks.inserts import create
from benchmarks.inside import timed
from benchmarks.peers.ours import fill, prepare
from benchmarks.tally import count

__all__ = ["fill", "prepare", "round_trips", "work"]

PENDING = (
    "SELECT id FROM django_jobs_job WHERE status = 'pending' AND queue_name = 'default' "
    "ORDER BY priority DESC, run_after, id LIMIT {limit}"
)
CLAIMED = "status = 'running', claim_token = claim_token + 1, attempts = attempts + 1, started_at = {now}"
DONE = "UPDATE django_jobs_job SET status = 'completed', finished_at = {now} WHERE id "

Step = Callable[[], int]


def steps(limit: int) -> Step:
    """Return what claims and finishes up to so many jobs, and tells how many those were."""
    vendor = urlsplit(os.environ["BENCH_DATABASE"]).scheme
    return {"postgres": postgresql, "sqlite": sqlite, "mysql": mysql}[vendor](limit)


def work(limit: int) -> None:
    """Claim and finish by so many jobs until nothing is pending."""
    step = steps(limit)
    while done := step():
        count(done)


def round_trips(total: int) -> list[float]:
    """Insert, claim and finish one job after the other; return the seconds of each."""
    step = steps(1)

    def trip() -> None:
        create(1)
        step()

    return [timed(trip) for _ in range(total)]


def read(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Read the arguments as a worker has to, and return the ids."""
    for _, arguments in rows:
        if not isinstance(arguments, dict):
            json.loads(arguments)
    return [row[0] for row in rows]


def postgresql(limit: int) -> Step:
    """Claim in one statement, finish in another, prepared by the driver."""
    connection = import_module("psycopg").connect(os.environ["BENCH_DATABASE"], autocommit=True)
    claim = (
        f"WITH chosen AS MATERIALIZED ({PENDING.format(limit=limit)} FOR UPDATE SKIP LOCKED) "
        f"UPDATE django_jobs_job AS job SET {CLAIMED.format(now='now()')} FROM chosen "
        "WHERE job.id = chosen.id RETURNING job.id, kwargs"
    )
    finish = DONE.format(now="now()") + "= ANY(%s)"

    def step() -> int:
        ids = read(connection.execute(claim).fetchall())
        if ids:
            connection.execute(finish, [ids])
        return len(ids)

    return step


def sqlite(limit: int) -> Step:
    """Claim in one statement, finish in another."""
    path = os.environ["BENCH_DATABASE"].removeprefix("sqlite:///")
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    connection.execute("PRAGMA synchronous=NORMAL")
    claim = (
        f"UPDATE django_jobs_job SET {CLAIMED.format(now='CURRENT_TIMESTAMP')} "
        f"WHERE id IN ({PENDING.format(limit=limit)}) RETURNING id, kwargs"
    )

    def step() -> int:
        ids = read(connection.execute(claim).fetchall())
        marks = ", ".join("?" * len(ids))
        connection.execute(f"{DONE.format(now='CURRENT_TIMESTAMP')} IN ({marks})", ids)
        return len(ids)

    return step


def mysql(limit: int) -> Step:
    """Select, update and finish, the first two in one transaction."""
    parts = urlsplit(os.environ["BENCH_DATABASE"])
    connection = import_module("MySQLdb").connect(
        host=parts.hostname, port=parts.port or 3306, user=parts.username or "", password=parts.password or "",
        database=parts.path.lstrip("/"), autocommit=True,
    )  # fmt: skip
    cursor = connection.cursor()
    cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    claim = PENDING.replace("SELECT id", "SELECT id, kwargs").format(limit=limit)

    def step() -> int:
        cursor.execute("BEGIN")
        cursor.execute(f"{claim} FOR UPDATE SKIP LOCKED")
        ids = sorted(read(cursor.fetchall()))
        if ids:
            cursor.execute(f"UPDATE django_jobs_job SET {CLAIMED.format(now='now(6)')} WHERE id IN %s", [ids])
        cursor.execute("COMMIT")
        if ids:
            cursor.execute(f"{DONE.format(now='now(6)')} IN %s", [ids])
        return len(ids)

    return step
