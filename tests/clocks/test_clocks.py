"""Hosts whose clocks are minutes off: what they compare is the database's time."""

import shutil
import subprocess
import sys
from datetime import timedelta

import pytest

from django_jobs.models import Job
from django_jobs.states import JobStatus
from django_jobs.store import get_store
from tests.factories import JobFactory, WorkerFactory

FAKETIME = shutil.which("faketime")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.only_on("postgresql", "mysql"),
    pytest.mark.skipif(FAKETIME is None, reason="faketime, which gives a process another clock, is not installed"),
]


@pytest.fixture
def on_a_host(child_environment):
    """Run Python on a host whose clock is off by this much."""

    def run(offset: str, *arguments: str) -> None:
        environment = {**child_environment, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        command = [str(FAKETIME), "-f", offset, sys.executable, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture
def now():
    return get_store("default").now()


@pytest.mark.parametrize("offset", ["+10m", "-10m"])
def test_a_worker_with_a_wrong_clock_rescues_nobody_who_lives_and_runs_nothing_early(on_a_host, now, offset):
    elsewhere = JobFactory(running=True, worker=WorkerFactory(heartbeat_at=now, started_at=now))
    later = JobFactory(scheduled=True, run_after=now + timedelta(minutes=5))
    due = JobFactory(scheduled=True, run_after=now - timedelta(seconds=1))
    on_a_host(offset, "-m", "django", "runjobs", "--drain")
    statuses = dict(Job.objects.values_list("pk", "status"))
    assert statuses == {
        elsewhere.pk: JobStatus.RUNNING,
        later.pk: JobStatus.SCHEDULED,
        due.pk: JobStatus.COMPLETED,
    }


@pytest.mark.parametrize("offset", ["+10m", "-10m"])
def test_a_delay_is_counted_from_the_databases_time(on_a_host, now, offset):
    enqueue = "import django; django.setup(); from tests.jobs import echo; echo.using(delay=60).enqueue(1)"
    on_a_host(offset, "-c", enqueue)
    record = Job.objects.get()
    assert record.status == JobStatus.SCHEDULED
    assert now + timedelta(seconds=59) < record.run_after < get_store("default").now() + timedelta(seconds=61)


@pytest.mark.parametrize("offset", ["+10m", "-10m"])
def test_a_retry_waits_its_delay_by_the_databases_time(on_a_host, now, offset):
    record = JobFactory(name="tests.retry_later", kwargs={"delay": 60})
    on_a_host(offset, "-m", "django", "runjobs", "--drain")
    record.refresh_from_db()
    assert now + timedelta(seconds=59) < record.run_after < get_store("default").now() + timedelta(seconds=61)
