"""A worker that starts before its database does."""

import selectors
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from django.db import connection

from django_jobs.models import Job
from django_jobs.states import JobStatus
from tests.factories import JobFactory
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("postgresql", "mysql")]


class Gate:
    """A port in front of the database server, closed until it is opened."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def open(self) -> None:
        self._listener.listen()
        threading.Thread(target=self._admit, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _admit(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            threading.Thread(target=carry, args=(client, server), daemon=True).start()


def carry(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes between two sockets until either side hangs up, gently or (a process that is killed) not."""
    with suppress(ConnectionError), one, other, selectors.DefaultSelector() as ready:
        ready.register(one, selectors.EVENT_READ, other)
        ready.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in ready.select():
                assert isinstance(key.fileobj, socket.socket)
                if not (said := key.fileobj.recv(65536)):
                    return
                key.data.sendall(said)


@pytest.fixture
def gate():
    given = connection.settings_dict
    standard = 5432 if connection.vendor == "postgresql" else 3306
    opened = Gate((given["HOST"] or "127.0.0.1", int(given["PORT"] or standard)))
    yield opened
    opened.close()


@pytest.fixture
def start_behind(gate, child_environment, tmp_path):
    """Start `runjobs` on a database that it can only reach through the gate."""
    url = urlsplit(child_environment["DATABASE_URL"])
    who = f"{url.netloc.rpartition('@')[0]}@" if "@" in url.netloc else ""
    behind = url._replace(netloc=f"{who}127.0.0.1:{gate.port}").geturl()
    log = tmp_path / "log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "django", "runjobs", "--noreload"],
            env={**child_environment, "DATABASE_URL": behind},
            stderr=output,
        )
    yield child, log
    child.kill()
    child.wait()


def test_a_worker_that_starts_before_its_database_waits_for_it(start_behind, gate):
    _, log = start_behind
    wait_until(lambda: "the database does not answer" in log.read_text())
    record = JobFactory()
    gate.open()
    wait_until(lambda: Job.objects.filter(pk=record.pk, status=JobStatus.COMPLETED).exists())


def test_a_worker_that_waits_for_its_database_can_be_stopped(start_behind):
    child, log = start_behind
    wait_until(lambda: "the database does not answer" in log.read_text())
    child.terminate()
    assert child.wait(10) == 0
