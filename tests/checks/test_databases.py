"""What the system checks say of the database."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from django.core.checks import run_checks
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from django_jobs.checks import databases
from django_jobs.store import get_store

GOOD = {"init_command": "PRAGMA journal_mode = WAL", "transaction_mode": "IMMEDIATE"}


def found(**options: object) -> dict[str, str]:
    options.setdefault("databases", [])  # from Django 6.1 on, checks may ask all databases unless told otherwise
    return {
        str(message.id): f"{message.msg} {message.hint}"
        for message in run_checks(tags=["django_jobs"], **options)  # type: ignore[arg-type]
    }


@pytest.fixture
def use_database(monkeypatch):
    """Let the checks see another database as the default one; none of them connects."""

    def use(engine: str, name: str, **options: object) -> BaseDatabaseWrapper:
        given = {"ENGINE": f"django.db.backends.{engine}", "NAME": name, "OPTIONS": options}
        handler = ConnectionHandler({"default": given})
        monkeypatch.setattr(databases, "connections", handler)
        return handler["default"]

    return use


@pytest.mark.django_db
def test_this_server_is_new_enough():
    assert found(databases=["default"]) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("version", [(1,), (1, 2, 3)])
def test_a_server_that_is_too_old_is_told_where_checks_may_connect(monkeypatch, version):
    monkeypatch.setattr(connections["default"], "get_database_version", lambda: version)
    assert "or later; database 'default' is 1" in found(databases=["default"])["django_jobs.E005"]
    assert found(databases=[]) == {}


def test_a_database_without_a_store_is_told(monkeypatch):
    monkeypatch.setattr(connections["default"], "vendor", "oracle")
    get_store.cache_clear()
    try:
        assert "Jobs cannot be kept on 'oracle'" in found()["django_jobs.E004"]
    finally:
        get_store.cache_clear()


def test_sqlite_as_django_sets_it_up_hears_the_lines_to_paste(use_database, tmp_path):
    use_database("sqlite3", str(tmp_path / "plain.sqlite3"))
    messages = found()
    assert '"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"' in messages["django_jobs.W002"]
    assert '"transaction_mode": "IMMEDIATE"' in messages["django_jobs.W003"]


def test_sqlite_well_set_up_is_silent(use_database, tmp_path):
    use_database("sqlite3", str(tmp_path / "good.sqlite3"), **GOOD)
    assert found() == {}


@pytest.mark.parametrize(("mode", "told"), [("WAL", set()), ("DELETE", {"django_jobs.W002"})])
def test_a_file_that_writes_ahead_already_needs_no_line(use_database, tmp_path, mode, told):
    file = tmp_path / "own.sqlite3"
    with closing(sqlite3.connect(file)) as made:
        made.execute(f"PRAGMA journal_mode={mode}")
        made.execute("CREATE TABLE t (x)")
    use_database("sqlite3", str(file), transaction_mode="IMMEDIATE")
    assert set(found()) == told


WRITE = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_look_at_a_file_takes_no_lock_away_that_this_process_holds(use_database, tmp_path, mode):
    file = tmp_path / "held.sqlite3"
    use_database("sqlite3", str(file), transaction_mode="IMMEDIATE")
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute(f"PRAGMA journal_mode={mode}")
        holder.execute("BEGIN IMMEDIATE")
        found()
        other = subprocess.run([sys.executable, "-c", WRITE, str(file)], capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr


def test_a_file_that_cannot_be_read_is_left_alone(use_database, tmp_path):
    file = tmp_path / "other.sqlite3"
    file.write_text("no database " * 100)
    use_database("sqlite3", str(file), transaction_mode="IMMEDIATE")
    assert found() == {}


@pytest.mark.parametrize("name", [":memory:", "file:shared?mode=memory&cache=shared"])
def test_sqlite_in_memory_is_told(use_database, name):
    use_database("sqlite3", name, transaction_mode="IMMEDIATE")
    assert set(found()) == {"django_jobs.W005"}


@pytest.mark.only_on("mysql")
@pytest.mark.parametrize(("level", "told"), [("repeatable read", {"django_jobs.W006"}), ("READ COMMITTED", set())])
def test_mysql_at_another_isolation_level_is_told(use_database, level, told):
    use_database("mysql", "jobs", isolation_level=level)
    assert set(found()) == told


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize(
    ("pool", "told"),
    [
        (True, {"django_jobs.W007"}),
        ({"min_size": 2, "max_size": 9}, {"django_jobs.W007"}),
        ({"max_size": 11}, set()),
        ({"min_size": 11}, set()),
        (False, set()),
    ],
)
def test_a_pool_too_small_for_a_worker_is_told(settings, use_database, pool, told):
    settings.JOBS = {"CONCURRENCY": 5}
    use_database("postgresql", "jobs", pool=pool)
    said = found()
    assert set(said) == told
    assert all('"pool": {"max_size": 11, …}' in text for text in said.values())


def test_a_wrong_setting_silences_the_advice_on_databases(settings, use_database, tmp_path):
    use_database("sqlite3", str(tmp_path / "plain.sqlite3"))
    settings.JOBS = {"DATABASE": "none"}
    assert set(found()) == {"django_jobs.E003"}


def test_what_jobs_in_another_database_cost_is_told(settings, monkeypatch):
    monkeypatch.setattr(databases, "connections", {"jobs": connections["default"]})
    monkeypatch.setattr(databases, "jobs_database", lambda: "jobs")
    monkeypatch.setattr(databases, "get_store", lambda _alias: None)
    assert "no transaction holds both a job and what 'default' holds" in found()["django_jobs.I001"]
