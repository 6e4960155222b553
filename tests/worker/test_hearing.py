"""An idle worker hears of jobs at once, and goes on hearing of them."""

import threading

import pytest
from django.db import connection

from django_jobs.store import get_store
from django_jobs.worker import hearing
from django_jobs.worker.wakeup import Wakeup
from tests import jobs
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LISTENS = "query LIKE 'LISTEN %' AND datname = current_database()"


def sessions(chosen: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {chosen} FROM pg_stat_activity WHERE {LISTENS}")
        return [value for (value,) in cursor.fetchall()]


@pytest.mark.only_on("postgresql")
def test_a_worker_whose_listening_is_cut_listens_again(monkeypatch, start_worker):
    monkeypatch.setattr(hearing, "AGAIN_AFTER", 0.05)
    worker = start_worker(poll_interval=60)
    (first,) = wait_until(lambda: sessions("pid"))
    assert jobs.add.enqueue(1, 2).wait(LONG).result == 3
    worker._pauses._seconds = 60.0  # as after long idling
    assert sessions("pg_terminate_backend(pid)") == [True]
    wait_until(lambda: (now := sessions("pid")) and first not in now)
    assert jobs.add.enqueue(3, 4).wait(LONG).result == 7


@pytest.mark.only_on("sqlite", "postgresql")
def test_whatever_breaks_the_listening_leaves_it_to_polling(monkeypatch, caplog, start_worker):
    def break_down(_):
        raise RuntimeError("no ears")

    monkeypatch.setattr(type(get_store("default")), "listener", break_down)
    start_worker(poll_interval=0.05)
    assert jobs.add.enqueue(1, 2).wait(LONG).result == 3
    assert "not listening for a while" in caplog.text


def test_calls_are_heard_once_each_by_whoever_sleeps():
    wakeup = Wakeup()
    assert not wakeup.sleep(0)
    for _ in range(100_000):  # more than a pipe holds
        wakeup.wake()
        wakeup._is_called = False
    assert wakeup.sleep(0)
    while wakeup.answer():
        continue
    threading.Timer(0.01, wakeup.wake).start()
    assert wakeup.sleep(LONG)
    assert not wakeup.sleep(0)
