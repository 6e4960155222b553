"""What trials have found, each made small enough to be met every time."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from django_jobs.attempt import Ending, Running
from django_jobs.models import Attempt, Job
from django_jobs.settings import job_settings
from django_jobs.states import Outcome
from django_jobs.store import Claim, Report, get_store
from django_jobs.store.claims import CLAIM_COLUMNS
from django_jobs.worker.batch import Batch
from django_jobs.worker.care import ConnectionCare
from django_jobs.worker.heartbeat import Heartbeat
from django_jobs.worker.writing import write
from tests.attempt.attempts import Notebook
from tests.cutting import cut_connections_for_good
from tests.factories import JobFactory, WorkerFactory
from tests.waiting import LONG


def ending_of(record: Job, token: int, outcome: Outcome) -> Ending:
    """Return how the attempt under this token ended, as its worker tells it."""
    fields = {name: getattr(record, name) for name in CLAIM_COLUMNS} | {"claim_token": token, "waited": 0.0}
    return Ending(Running(Claim(**fields), Notebook()), Report(record.pk, token, outcome, error=outcome.value))


@pytest.mark.django_db(transaction=True)
def test_of_two_endings_of_one_job_in_a_batch_only_the_last_claim_stands():
    # a worker that was suspended, rescued, and claimed the same job again, tells of both runs at once
    record = JobFactory(running=True, claim_token=2)
    stale, current = ending_of(record, 1, Outcome.RELEASED), ending_of(record, 2, Outcome.FAILED)
    written = write(get_store("default"), Batch([current, stale]))
    assert [ending for ending, _ in written.endings] == [current]
    assert [attempt.claim_token for attempt in Attempt.objects.all()] == [2]


@pytest.mark.django_db
@pytest.mark.parametrize("lapsed", [True, False])
def test_a_worker_that_was_suspended_learns_that_it_has_lapsed_before_it_claims(lapsed):
    found: list[bool] = []
    heartbeat = Heartbeat("default", WorkerFactory(lapsed=lapsed), list, lambda: found.append(True), lambda: None)
    heartbeat.confirm()
    assert not found, "a fresh heartbeat is not asked for"
    heartbeat._beaten_at -= job_settings().WORKER_TIMEOUT.total_seconds()
    heartbeat.confirm()
    assert found == [True] * lapsed


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.django_db(transaction=True)
def test_a_connection_cut_while_its_thread_was_idle_costs_the_next_job_nothing():
    counted: list[int] = []
    is_idle, is_cut = threading.Event(), threading.Event()

    def work() -> None:
        care = ConnectionCare()
        Job.objects.count()
        is_idle.set()
        assert is_cut.wait(LONG)
        care.before()
        counted.append(Job.objects.count())
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    assert is_idle.wait(LONG)
    assert cut_connections_for_good()
    is_cut.set()
    thread.join(LONG)
    assert counted == [0]


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_that_had_to_wait_for_the_lock_tells_the_time_after_the_wait():
    row = WorkerFactory(heartbeat_at=timezone.now() - timedelta(seconds=20))
    beat = Heartbeat("default", row, list, lambda: None, lambda: None).beat

    def beat_and_hang_up() -> None:
        beat()
        connections.close_all()

    thread = threading.Thread(target=beat_and_hang_up)
    with get_store("default").transaction():
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
        released_at = timezone.now()
    thread.join(LONG)
    row.refresh_from_db()
    assert row.heartbeat_at >= released_at
