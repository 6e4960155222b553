"""Checks of the database that holds the jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ..querysets import jobs_database
from ..settings import find_problems, job_settings
from ..store import get_store

LOWEST_VERSIONS = {"PostgreSQL": (14,), "SQLite": (3, 35), "MySQL": (8, 0, 11), "MariaDB": (10, 6)}

POOL_SIZE = 4
"""What psycopg makes of a pool without sizes."""
BESIDE_HANDLERS = 6
"""Connections of a worker's own: main thread, recorder, heartbeat, hearing, notifier, and one of async handlers."""

WAL_LINES = '"OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", …}'
IMMEDIATE_LINES = '"OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, …}'


def check_database_options(**_: Any) -> list[checks.CheckMessage]:
    """Say whether jobs can be kept on this database, and how to set it up better. Connects to no server."""
    alias = _alias()
    if alias is None:
        return []
    try:
        get_store(alias)
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), hint="Set JOBS['DATABASE'] to another alias.", id="django_jobs.E004")]
    connection = connections[alias]
    advice = _ADVICE[connection.vendor](connection) if connection.vendor in _ADVICE else ()
    return [*_cost_of_two(alias), *advice]


def _cost_of_two(alias: str) -> Iterator[checks.CheckMessage]:
    if alias != DEFAULT_DB_ALIAS:
        yield checks.Info(
            f"Jobs are in database {alias!r}: no transaction holds both a job and what {DEFAULT_DB_ALIAS!r} holds.",
            hint="Enqueue with `transaction.on_commit`, and make handlers that may run twice; then silence this.",
            id="django_jobs.I001",
        )


def check_server_versions(*, databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Say whether the server of the jobs is too old; only where Django allows a check to connect."""
    alias = _alias()
    if alias is None or alias not in (databases or ()):
        return []
    connection = connections[alias]
    found = connection.get_database_version()
    lowest = LOWEST_VERSIONS.get(connection.display_name, ())
    if tuple(found) >= lowest:
        return []
    needed, given = (".".join(map(str, version)) for version in (lowest, found))
    return [
        checks.Error(
            f"Jobs need {connection.display_name} {needed} or later; database {alias!r} is {given}.",
            hint="Upgrade the server, or set JOBS['DATABASE'] to another alias.",
            id="django_jobs.E005",
        )
    ]


def _alias() -> str | None:
    """Return the alias of the jobs' database, or None while `JOBS` itself is wrong."""
    return None if find_problems(getattr(settings, "JOBS", {})) else jobs_database()


def _sqlite_advice(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    where = f"DATABASES[{connection.alias!r}]"
    given = connection.settings_dict
    options = given["OPTIONS"]
    if _is_in_memory(str(given["NAME"])):
        yield checks.Warning(
            f"{where} is in memory: a worker in another process will not see the jobs.",
            hint="Give it a file name.",
            id="django_jobs.W005",
        )
    elif not _writes_ahead(Path(str(given["NAME"])), str(options.get("init_command", ""))):
        yield checks.Warning(
            f"{where} has no write-ahead log: readers and workers will block each other.",
            hint=f"Set {WAL_LINES}.",
            id="django_jobs.W002",
        )
    if str(options.get("transaction_mode") or "").upper() not in {"IMMEDIATE", "EXCLUSIVE"}:
        yield checks.Warning(
            f"{where} begins transactions without the write lock: they may fail as 'database is locked'.",
            hint=f"Set {IMMEDIATE_LINES}.",
            id="django_jobs.W003",
        )


def _is_in_memory(name: str) -> bool:
    return name == ":memory:" or "mode=memory" in name


def _writes_ahead(file: Path, init_command: str) -> bool:
    """Tell whether new connections turn the log on, or the file has it on already, as far as it can be read."""
    if "journal_mode=wal" in init_command.lower().replace(" ", ""):
        return True
    if not file.exists():
        return False
    try:
        # by SQLite itself: to open and close a file takes away the locks that this process has on it
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", timeout=0, uri=True)) as opened:
            return bool(opened.execute("PRAGMA journal_mode").fetchone() == ("wal",))
    except sqlite3.Error:
        return True


def _mysql_advice(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    level = connection.settings_dict["OPTIONS"].get("isolation_level", "read committed")
    if str(level).lower() != "read committed":
        yield checks.Warning(
            f"DATABASES[{connection.alias!r}] works at the isolation level {level!r}: workers will meet deadlocks.",
            hint='Set "OPTIONS": {"isolation_level": "read committed", …}.',
            id="django_jobs.W006",
        )


def _postgresql_advice(connection: BaseDatabaseWrapper) -> Iterator[checks.CheckMessage]:
    pool = connection.settings_dict["OPTIONS"].get("pool")
    if not pool:
        return
    options = pool if isinstance(pool, dict) else {}
    size = options.get("max_size") or options.get("min_size", POOL_SIZE)
    needed = job_settings().CONCURRENCY + BESIDE_HANDLERS
    if size < needed:
        yield checks.Warning(
            f"DATABASES[{connection.alias!r}] has a pool of {size} connections: a worker takes {needed}, or hangs.",
            hint=f'Set "OPTIONS": {{"pool": {{"max_size": {needed}, …}}, …}}, and more with `runjobs --threads`.',
            id="django_jobs.W007",
        )


_ADVICE: dict[str, Callable[[BaseDatabaseWrapper], Iterator[checks.CheckMessage]]] = {
    "sqlite": _sqlite_advice,
    "mysql": _mysql_advice,
    "postgresql": _postgresql_advice,
}
