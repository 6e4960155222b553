"""Databases that refuse for a while: the worker says so once, waits, and goes on by itself."""

import resource
from urllib.parse import urlsplit

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


class PostgreSQL:
    """A server on which one database can be read-only for all but this connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = connection.ops.quote_name(connection.settings_dict["NAME"])

    def refuse_writes(self, *, refused: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f"ALTER DATABASE {self.name} SET default_transaction_read_only = {refused:d}")
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    def clear(self) -> None:
        self.refuse_writes(refused=False)


class MariaDB:
    """A server that is read-only for plain users, as a replica is; this connection's user is none."""

    def __init__(self, url: str) -> None:
        name = connection.settings_dict["NAME"]
        self.user = f"plain_{name}"[:80]
        parts = urlsplit(url)
        self.url = parts._replace(netloc=f"{self.user}:plain@{parts.netloc.rpartition('@')[2]}").geturl()
        self._run(f"CREATE OR REPLACE USER {self.user} IDENTIFIED BY 'plain'")
        # whoever comes through the socket's host name would else be nobody
        self._run(f"CREATE OR REPLACE USER {self.user}@localhost IDENTIFIED BY 'plain'")
        for host in ("'%'", "localhost"):
            self._run(f"GRANT ALL ON {connection.ops.quote_name(name)}.* TO {self.user}@{host}")

    def refuse_writes(self, *, refused: bool) -> None:
        self._run(f"SET GLOBAL read_only = {refused:d}")

    def clear(self) -> None:
        self.refuse_writes(refused=False)
        self._run(f"DROP USER {self.user}, {self.user}@localhost")

    @staticmethod
    def _run(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)


@pytest.fixture
def server(database_url):
    """Return the server, which can refuse what others write."""
    server = PostgreSQL(database_url) if connection.vendor == "postgresql" else MariaDB(database_url)
    yield server
    server.clear()


@pytest.mark.only_on("postgresql", "mysql")
def test_a_database_that_is_read_only_for_a_while_costs_no_job_and_no_attempt(runjobs, server):
    worker = runjobs(DATABASE_URL=server.url)
    worker.wait_for("started")
    server.refuse_writes(refused=True)
    jobs = [echo.enqueue(number) for number in range(20)]
    worker.wait_for(OUTAGE)
    server.refuse_writes(refused=False)
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
