"""A worker behind PgBouncer, which may give each transaction another session of the server."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from signal import Signals
from urllib.parse import unquote, urlsplit, urlunsplit

import pytest

from django_jobs.models import Job, Worker
from tests import jobs
from tests.waiting import LONG, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("postgresql")]

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
"""


@pytest.fixture
def pooler(database_url: str) -> Iterator[str]:
    """Start PgBouncer before this test's database; return the address through it."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("there is no pgbouncer on this machine")
    parts = urlsplit(database_url)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        password = f" password={unquote(parts.password)}" if parts.password else ""
        told = Path(folder, "pgbouncer.ini")
        told.write_text(CONFIGURATION.format(
            host=unquote(parts.hostname or "127.0.0.1"), port=parts.port or 5432, listen_port=port,
            user=unquote(parts.username or ""), password=password,
        ))  # fmt: skip
        user = [] if os.geteuid() else ["-u", "nobody"]  # it does not run as root
        process = subprocess.Popen([program, "-q", *user, str(told)])
        wait_until(lambda: process.poll() is not None or answers(port))
        yield urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}"))
        process.terminate()
        process.wait(LONG)


def answers(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


def test_jobs_run_and_end_once_behind_a_pool_of_transactions(runjobs, pooler):
    jobs.add.enqueue_many([[1, 2]] * 300)
    worker = runjobs("--processes=2", "--poll-interval=0.2", DATABASE_URL=pooler)
    wait_until(lambda: Job.objects.completed().count() == 300)
    assert jobs.echo.enqueue("found by polling").wait(LONG).result == "found by polling"
    worker.send(Signals.SIGTERM)
    assert worker.wait() == 0, worker.output
    assert set(Job.objects.values_list("attempts", "rescues")) == {(1, 0)}
    assert not Worker.objects.filter(stopped_at=None).exists()
