"""Counting from inside a worker, and the wire that counts statements."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from benchmarks import tally
from benchmarks.wire import Wire


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_TALLY", str(tmp_path))
    return tmp_path


def test_what_threads_count_is_read_while_they_do(folder):
    counter = tally.Counter()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: counter.add(1), range(400)))
    assert tally.read_counts(folder) == [400]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_counts_for_itself(folder):
    counter = tally.Counter()
    counter.add(5)
    child = os.fork()
    if child == 0:
        counter.add(2)
        os._exit(0)
    os.waitpid(child, 0)
    assert sorted(tally.read_counts(folder)) == [2, 5]


def test_a_mark_tells_when_a_job_was_sent_and_begun(folder):
    tally.mark(1.5)
    ((sent, began),) = tally.read_marks(folder)
    assert sent == 1.5
    assert began > 1.5


def test_a_mark_that_is_half_written_is_not_read(folder):
    (folder / tally.MARKS).write_text("1.0 2.0\n3.0 4", encoding="ascii")
    assert tally.read_marks(folder) == [(1.0, 2.0)]


@pytest.mark.only_on("postgresql")
def test_the_wire_counts_statements_whoever_sends_them(database_url):
    psycopg = pytest.importorskip("psycopg")
    assert connection.vendor == "postgresql"
    with Wire(database_url) as wire:
        with psycopg.connect(wire.url, autocommit=True) as through:
            through.execute("SELECT 1")
            assert through.execute("SELECT %s", [7]).fetchone() == (7,)
        assert wire.statements == 2
