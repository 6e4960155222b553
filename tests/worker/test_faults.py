"""Databases that refuse for a while: the worker says so once, waits, and goes on by itself."""

import resource

import pytest
from django.db import connection

from django_jobs.models import Job, JobLog
from django_jobs.states import JobStatus
from tests.jobs import echo, talk
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

OUTAGE = "the database does not answer"
KILOBYTE = 1024


def all_completed() -> bool:
    return not Job.objects.exclude(status=JobStatus.COMPLETED).exists()


@pytest.fixture
def read_only():
    """Return a function that makes the database read-only for others, or lets them write again."""

    def switch(*, on: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}")
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    yield switch
    switch(on=False)


@pytest.mark.only_on("postgresql")
def test_a_database_that_is_read_only_for_a_while_costs_no_job_and_no_attempt(runjobs, read_only):
    worker = runjobs()
    worker.wait_for("started")
    read_only(on=True)
    worker.wait_for(OUTAGE)
    jobs = [echo.enqueue(number) for number in range(20)]
    read_only(on=False)
    wait_until(all_completed)
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}
    assert len(jobs) == Job.objects.count()
    assert worker.output.count(OUTAGE) <= 3, "once for each part that speaks to the database"


@pytest.mark.only_on("sqlite")
def test_a_full_disk_costs_no_job_and_no_line_of_its_log(runjobs):
    worker = runjobs()
    worker.wait_for("started")
    # the log that WAL writes before the file itself begins anew, so that it soon reaches the limit
    with connection.cursor() as cursor:
        wait_until(lambda: cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    usual = resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (32 * KILOBYTE, resource.RLIM_INFINITY))
    jobs = [talk.enqueue(5) for _ in range(40)]
    wait_until(lambda: "disk is full" in worker.output or "disk I/O error" in worker.output)
    resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, usual)
    wait_until(all_completed)
    assert JobLog.objects.count() == len(jobs) * 10
