"""Databases of runs that were killed."""

import os
import subprocess
import sys

from benchmarks.servers import NAME, SQLite, is_left_behind


def test_a_database_of_a_run_that_is_gone_was_left_behind():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert is_left_behind(f"django_jobs_bench_{gone.pid}")
    assert is_left_behind(f"django_jobs_bench_{gone.pid}_3")


def test_no_other_database_was_left_behind():
    assert not is_left_behind(NAME)
    assert not is_left_behind(f"django_jobs_bench_{os.getppid()}")
    assert not is_left_behind("postgres")
    assert not is_left_behind("django_jobs_bench")


def test_each_run_begins_with_the_tables_and_no_rows(tmp_path):
    database = SQLite(tmp_path)

    def prepare(url):
        assert url == database.url
        database.query("CREATE TABLE job (id)")

    for _ in range(2):
        database.fresh("ours", prepare)
        assert database.query("SELECT count(*) FROM job") == 0
        database.query("INSERT INTO job VALUES (1)")


def test_a_database_with_another_label_stands_beside_the_first(tmp_path):
    database = SQLite(tmp_path)
    first = database.fresh("ours", lambda url: database.query("CREATE TABLE job (id)"))
    database.query("INSERT INTO job VALUES (1)")
    assert database.fresh("ours", lambda url: None, "_full") != first
    assert database.query("SELECT count(*) FROM job") == 0
