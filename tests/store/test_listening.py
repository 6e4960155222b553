"""Hearing of changes at once, where the database can tell of them."""

import threading
from contextlib import nullcontext

import pytest
from django.db import transaction

from django_jobs.models import Job
from django_jobs.store.listening import Coalescer
from django_jobs.worker.wakeup import Wakeup
from tests.factories import JobFactory
from tests.jobs import echo

from .meanwhile import LONG, Elsewhere

pytestmark = pytest.mark.django_db(transaction=True)

A_MOMENT = 0.05
"""Seconds in which silence counts as silence."""

NEWS = {
    "an enqueued job": lambda: echo.enqueue(1),
    "many enqueued jobs": lambda: echo.enqueue_many([(1,), (2,)]),
    "a retry": lambda: Job.objects.failed().retry(),
    "a job that is to run now": lambda: Job.objects.scheduled().run_now(),
}


@pytest.fixture
def listener(store, monkeypatch):
    """Listen from here, to writers who may speak as often as they like."""
    if not store.can_listen:
        pytest.skip("this database tells nobody of changes")
    monkeypatch.setattr(store, "_coalescer", Coalescer(0), raising=False)
    JobFactory(failed=True), JobFactory(scheduled=True)
    listener = store.listener()
    yield listener
    listener.close()


@pytest.mark.parametrize("news", NEWS)
def test_what_can_be_claimed_is_heard_of_at_once(listener, news):
    assert not listener.hear(A_MOMENT)
    Elsewhere(NEWS[news]).value()
    assert listener.hear(LONG)
    assert not listener.hear(A_MOMENT)


def test_what_is_rolled_back_is_not_heard_of(listener):
    def think_better_of_it():
        with transaction.atomic():
            echo.enqueue(1)
            transaction.set_rollback(True)

    Elsewhere(think_better_of_it).value()
    assert not listener.hear(A_MOMENT)


def test_a_call_ends_the_listening(listener):
    wakeup = Wakeup()
    threading.Timer(A_MOMENT, wakeup.wake).start()
    assert not listener.hear(LONG, wakeup.fileno())
    assert wakeup.answer()
    assert not listener.hear(A_MOMENT, wakeup.fileno())


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("in_transaction", [True, False])
def test_a_single_job_and_the_news_of_it_are_one_statement(listener, django_assert_num_queries, in_transaction):
    with transaction.atomic() if in_transaction else nullcontext(), django_assert_num_queries(1):
        echo.enqueue(1)
    assert listener.hear(LONG)


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("platform", ["linux", "plan9"])
def test_a_file_is_watched_with_the_help_of_the_system_or_without(store, monkeypatch, platform):
    monkeypatch.setattr("sys.platform", platform)
    listener = store.listener()
    assert not listener.hear(A_MOMENT)
    Elsewhere(lambda: echo.enqueue(1)).value()
    assert listener.hear(LONG)
    listener.close()


@pytest.mark.only_on("postgresql")
def test_a_burst_of_jobs_is_one_piece_of_news(listener, store, monkeypatch):
    monkeypatch.setattr(store, "_coalescer", Coalescer(60))
    Elsewhere(lambda: [echo.enqueue(n) for n in range(5)]).value()
    assert listener.hear(LONG)
    assert not listener.hear(A_MOMENT)


@pytest.mark.only_on("postgresql")
def test_the_news_names_the_queue_of_a_new_job(listener):
    Elsewhere(lambda: echo.using(queue_name="reports").enqueue(1)).value()
    assert listener.hear(LONG)
    assert listener.queue_names == {"reports"}
    Elsewhere(lambda: Job.objects.failed().retry()).value()
    assert listener.hear(LONG)
    assert not listener.queue_names, "they may be of any queue"


@pytest.mark.only_on("postgresql")
def test_listening_can_be_switched_off(store, settings, django_assert_num_queries):
    assert store.can_listen
    settings.JOBS = {"LISTEN": False}
    assert not store.can_listen
    with django_assert_num_queries(0):
        store.wake_workers()


@pytest.mark.only_on("mysql")
def test_a_database_that_tells_nobody_is_polled(store):
    assert not store.can_listen
    with pytest.raises(NotImplementedError, match="MySQLStore cannot listen"):
        store.listener()


def test_one_passes_per_window():
    coalescer = Coalescer(60)
    assert [coalescer.passes() for _ in range(3)] == [True, False, False]
    assert Coalescer(0).passes()
