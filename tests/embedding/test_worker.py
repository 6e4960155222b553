"""A worker in a thread of a script."""

import logging
import threading

import django
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from django_jobs.contrib.embedding import running_worker
from django_jobs.models import Job
from django_jobs.models import Worker as WorkerRow
from django_jobs.states import JobStatus
from django_jobs.worker import Worker
from django_jobs.worker.heartbeat import register_worker

from ..handling import make_handler
from ..jobs import add, echo
from ..waiting import wait_until

__all__ = ["make_handler"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_jobs_run_while_the_block_lasts():
    with running_worker():
        assert add.enqueue(1, 2).wait(20).result == 3
    left = echo.enqueue("later")
    assert WorkerRow.objects.get().stopped_at is not None
    left.refresh_from_db()
    assert left.status == JobStatus.PENDING


@pytest.mark.parametrize(("release", "version"), [("", "Django "), ("v1.2", "v1.2 Django ")])
def test_the_row_of_a_worker_tells_what_it_runs(settings, release, version):
    settings.JOBS = {**settings.JOBS, "RELEASE": release}
    with running_worker():
        echo.enqueue("it lives").wait(20)
    assert WorkerRow.objects.get().version == version + django.get_version()


def test_what_runs_when_the_block_ends_may_end_too(make_handler):
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        may_end.wait(20)
        return "done"

    handler = make_handler(slow)
    with running_worker(shutdown_timeout=20):
        record = handler.enqueue()
        assert begun.wait(20)
        threading.Timer(0.1, may_end.set).start()
    record.refresh_from_db()
    assert (record.status, record.result) == (JobStatus.COMPLETED, "done")


def test_a_stop_in_a_hurry_gives_running_jobs_back(make_handler):
    begun = threading.Event()

    def endless() -> None:
        begun.set()
        while True:
            threading.Event().wait(0.01)

    record = make_handler(endless).enqueue()
    worker = Worker()
    worker.start()
    assert begun.wait(20)
    assert worker.stop(20, hurry=True)
    record.refresh_from_db()
    assert (record.status, record.attempts) == (JobStatus.PENDING, 0)


def test_the_block_stops_its_worker_when_it_fails():
    def fail() -> None:
        with running_worker():
            wait_until(WorkerRow.objects.exists)
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fail()
    assert WorkerRow.objects.get().stopped_at is not None


def test_queues_and_options_reach_the_worker():
    with running_worker(["mail"], concurrency=2):
        wait_until(WorkerRow.objects.exists)
        row = WorkerRow.objects.get()
        other = echo.enqueue(1)
        assert echo.using(queue_name="mail").enqueue(2).wait(20).result == 2
    other.refresh_from_db()
    assert (row.queue_names, row.concurrency, other.status) == (["mail"], 2, JobStatus.PENDING)


def test_the_limit_of_jobs_is_for_processes_that_somebody_starts_again(settings):
    settings.JOBS = {**settings.JOBS, "MAX_JOBS": 1}
    with running_worker():
        assert [echo.enqueue(number).wait(20).result for number in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("interval", "complaint"), [(-1, "negative"), (0, "shorter than 0.01 s"), (61, "more than 60 s")]
)
def test_a_bad_option_is_told_at_once(interval, complaint):
    with pytest.raises(ValueError, match=complaint), running_worker(poll_interval=interval):
        pass


def test_bad_settings_are_told_at_once(settings):
    settings.JOBS = {"CONCURRENCI": 1}
    with pytest.raises(ImproperlyConfigured, match="CONCURRENCY"), running_worker():
        pass


def test_a_worker_that_was_never_started_can_be_stopped():
    assert Worker().stop()


@pytest.fixture
def refuse(monkeypatch):
    """Make the database refuse new workers so many times."""
    monkeypatch.setattr("django_jobs.worker.worker.PATIENCE", 0.01)
    place = "django_jobs.worker.worker.register_worker"

    def times(number: float) -> None:
        left = [number]

        def register(*args):
            left[0] -= 1
            if left[0] >= 0:
                raise OperationalError("no such table: django_jobs_worker")
            return register_worker(*args)

        monkeypatch.setattr(place, register)

    return times


def test_jobs_run_once_the_database_has_its_tables(refuse, caplog):
    refuse(3)
    with caplog.at_level(logging.ERROR, "django_jobs.worker"), running_worker():
        assert add.enqueue(1, 2).wait(20).result == 3
    assert "is its database migrated? Trying again: no such table" in caplog.text


def test_a_worker_that_waits_for_its_database_can_be_stopped(refuse):
    refuse(float("inf"))
    worker = Worker()
    worker.start()
    assert worker.stop(20)
    assert not WorkerRow.objects.exists()


def test_a_worker_whose_heartbeat_lapsed_begins_anew(settings):
    settings.JOBS = {**settings.JOBS, "WORKER_TIMEOUT": 2}
    with running_worker():
        wait_until(WorkerRow.objects.exists)
        first = WorkerRow.objects.get().pk
        WorkerRow.objects.filter(pk=first).delete()
        wait_until(WorkerRow.objects.exists)
        assert add.enqueue(1, 2).wait(20).result == 3
    assert WorkerRow.objects.get().pk != first
    assert Job.objects.get().attempts == 1
