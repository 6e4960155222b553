"""The databases under measurement: one of our own on each server that is found, made afresh for each run."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

NAME = f"django_jobs_bench_{os.getpid()}"
LEFT = re.compile(r"django_jobs_bench_(\d+)(?:_\w+)?")
VENDORS = ("postgresql", "sqlite", "mysql")
TITLES = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MariaDB", "redis": "Redis"}

Prepare = Callable[[str], object]
"""Makes a contestant's tables in the database of this URL."""


def is_left_behind(name: str) -> bool:
    """Tell whether a database was made by a run that was killed."""
    found = LEFT.fullmatch(name)
    if found is None:
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class Database:
    """A database that a contestant has to itself."""

    vendor = ""

    def fresh(self, contestant: str, prepare: Prepare, label: str = "") -> str:
        """Return the URL of a database that holds the contestant's tables, and no rows.

        It takes the place of the one made before; another label makes another beside it.
        """
        raise NotImplementedError

    def query(self, sql: str) -> Any:
        """Return the first column of the first row."""
        raise NotImplementedError

    def version(self) -> str:
        """Return the server's version."""
        raise NotImplementedError

    def close(self) -> None:
        """Take away what was made."""


class PostgreSQL(Database):
    """Tables are made once for each contestant, in a template that every run copies."""

    vendor = "postgresql"

    def __init__(self, server: str) -> None:
        self._server = server
        self._templates: dict[str, str] = {}
        self._names = {NAME}
        self.url = f"{server}/{NAME}"
        for (name,) in self._administer("SELECT datname FROM pg_database"):
            if is_left_behind(name):
                self._drop(name)

    def fresh(self, contestant: str, prepare: Prepare, label: str = "") -> str:
        """Copy the contestant's template."""
        name = f"{NAME}{label}"
        if contestant not in self._templates:
            template = f"{NAME}_{len(self._templates)}"
            self._recreate(template, "template0")
            prepare(f"{self._server}/{template}")
            self._templates[contestant] = template
        self._recreate(name, self._templates[contestant])
        self._names.add(name)
        self.url = f"{self._server}/{name}"
        return self.url

    def _recreate(self, name: str, template: str) -> None:
        self._drop(name)
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template}")

    def _drop(self, name: str) -> None:
        self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _administer(self, sql: str) -> list[Any]:
        with import_module("psycopg").connect(f"{self._server}/postgres", autocommit=True) as connection:
            cursor = connection.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def query(self, sql: str) -> Any:
        """Ask on a connection of its own."""
        with import_module("psycopg").connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None

    def version(self) -> str:
        """Return it without the distribution's name."""
        ((version,),) = self._administer("SHOW server_version")
        return str(version).partition(" ")[0]

    def close(self) -> None:
        """Drop the databases."""
        for name in (*self._names, *self._templates.values()):
            self._drop(name)


class MySQL(Database):
    """Tables are made anew for each run."""

    vendor = "mysql"

    def __init__(self, server: str) -> None:
        self._server = server
        self._names = {NAME}
        self.url = f"{server}/{NAME}"
        for name in str(self._ask("", "SELECT group_concat(schema_name) FROM information_schema.schemata")).split(","):
            if is_left_behind(name):
                self._ask("", f"DROP DATABASE {name}")

    def fresh(self, contestant: str, prepare: Prepare, label: str = "") -> str:
        """Make the database anew."""
        name = f"{NAME}{label}"
        self._ask("", f"DROP DATABASE IF EXISTS {name}")
        self._ask("", f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        self._names.add(name)
        self.url = f"{self._server}/{name}"
        prepare(self.url)
        return self.url

    def query(self, sql: str) -> Any:
        """Ask on a connection of its own."""
        return self._ask(urlsplit(self.url).path[1:], sql)

    def version(self) -> str:
        """Return it without the distribution's name."""
        return str(self._ask("", "SELECT version()")).partition("-")[0]

    def close(self) -> None:
        """Drop the databases."""
        for name in self._names:
            self._ask("", f"DROP DATABASE IF EXISTS {name}")

    def _ask(self, name: str, sql: str) -> Any:
        parts = urlsplit(self._server)
        connection = import_module("MySQLdb").connect(
            host=parts.hostname, port=parts.port or 3306, user=parts.username or "", password=parts.password or "",
            database=name, autocommit=True,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
        connection.close()
        return row[0] if row else None


class SQLite(Database):
    """A file, copied for each run."""

    vendor = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._use("")

    def fresh(self, contestant: str, prepare: Prepare, label: str = "") -> str:
        """Copy the contestant's template."""
        self._use(label)
        template = self._folder / f"{contestant.replace(' ', '_')}.template"
        if not template.exists():
            self._remove()
            prepare(self.url)
            self.query("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(self._file, template)
        self._remove()
        shutil.copyfile(template, self._file)
        return self.url

    def _use(self, label: str) -> None:
        self._file = self._folder / f"run{label}.sqlite3"
        self.url = f"sqlite:///{self._file}"

    def _remove(self) -> None:
        for path in self._folder.glob(f"{self._file.name}*"):
            path.unlink()

    def query(self, sql: str) -> Any:
        """Ask on a connection of its own."""
        connection = sqlite3.connect(self._file, timeout=20, isolation_level=None)
        row = connection.execute(sql).fetchone()
        connection.close()
        return row[0] if row else None

    def version(self) -> str:
        """Return the library's."""
        return sqlite3.sqlite_version
