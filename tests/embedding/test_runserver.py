"""A worker inside `manage.py runserver`."""

import itertools
import os
import signal
import sys
import time
import urllib.request

import pytest

from django_jobs.contrib.embedding import start_with_runserver
from django_jobs.models import Job, Worker
from django_jobs.states import JobStatus

from ..jobs import add, block
from ..waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

SITE = {"DJANGO_SETTINGS_MODULE": "tests.embedding.site"}
# a child imports Django, checks the project and binds its port, twice where it reloads, on a machine that is busy
SLOW = 2 * LONG


def stopped_workers() -> int:
    return Worker.objects.exclude(stopped_at=None).count()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_development_server_runs_jobs_until_it_ends(start_child, free_port, stop):
    server = start_child("manage.py", "runserver", "--noreload", str(free_port), **SITE)
    record = add.enqueue(1, 2)
    assert record.wait(SLOW).result == 3
    wait_until(lambda: answers(free_port), SLOW)
    server.send_signal(stop)
    server.wait(LONG)
    assert (Worker.objects.count(), stopped_workers()) == (1, 1)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=LONG) as page:
            return bool(page.status == 200)
    except OSError:
        return False


@pytest.mark.timeout(120)
def test_a_change_of_code_gives_running_jobs_back_to_a_fresh_worker(
    start_child, free_port, tmp_path, child_environment
):
    code = tmp_path / "own_site.py"
    code.write_text("from tests.embedding.site import *\n", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), child_environment["PYTHONPATH"]])
    start_child("manage.py", "runserver", str(free_port), DJANGO_SETTINGS_MODULE="own_site", PYTHONPATH=path)
    record = block.enqueue(seconds=0.01)
    record.wait(SLOW)
    wait_until(lambda: answers(free_port), SLOW)
    first = Worker.objects.get()  # the process that watches files started none

    busy = block.enqueue(seconds=60)
    wait_until(lambda: Job.objects.filter(pk=busy.pk, status=JobStatus.RUNNING).exists())
    later = itertools.count(int(time.time()) + 10)

    def ends_when_code_changes() -> bool:
        """Change the code again and again: Django's reloader sees no change from before its first look."""
        moment = next(later)
        os.utime(code, (moment, moment))
        return Worker.objects.filter(pk=first.pk).exclude(stopped_at=None).exists()

    wait_until(ends_when_code_changes, SLOW)
    wait_until(Worker.objects.exclude(pk=first.pk).exists, SLOW)
    second = Worker.objects.exclude(pk=first.pk).get()
    wait_until(lambda: Job.objects.filter(pk=busy.pk, status=JobStatus.RUNNING, worker=second).exists(), SLOW)
    busy.refresh_from_db()
    assert (busy.attempts, busy.rescues) == (1, 0)


def test_other_commands_start_no_worker(start_child):
    assert start_child("manage.py", "check", **SITE).wait(SLOW) == 0
    assert start_child("manage.py", "runserver", "--help", **SITE).wait(SLOW) == 0
    assert not Worker.objects.exists()


@pytest.mark.parametrize(
    ("line", "environment"),
    [
        (["manage.py", "migrate"], {}),
        (["manage.py"], {}),
        (["manage.py", "runserver"], {}),
        (["manage.py", "migrate", "runserver", "--noreload"], {}),
        (["manage.py", "migrate"], {"RUN_MAIN": "true"}),
    ],
)
def test_a_process_that_does_not_serve_starts_none(monkeypatch, line, environment):
    monkeypatch.delenv("RUN_MAIN", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", line)
    monkeypatch.setattr(sys, "orig_argv", ["python", *line])
    assert start_with_runserver() is None


def test_a_process_that_a_worker_in_the_server_starts_starts_none(monkeypatch):
    monkeypatch.setenv("RUN_MAIN", "true")
    monkeypatch.setattr(sys, "argv", ["manage.py", "runserver"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", "from multiprocessing.forkserver import main"])
    assert start_with_runserver() is None


@pytest.mark.parametrize("line", [["manage.py", "runserver"], ["manage.py", "runserver", "--noreload", "8001"]])
def test_the_process_that_serves_starts_one_and_stops_it_at_its_end(monkeypatch, line):
    at_exit = []
    monkeypatch.setattr("atexit.register", lambda *args, **kwargs: at_exit.append((args, kwargs)))
    monkeypatch.setattr("signal.signal", lambda *args: None)
    monkeypatch.setenv("RUN_MAIN", "false" if "--noreload" in line else "true")
    monkeypatch.setattr(sys, "argv", line)
    monkeypatch.setattr(sys, "orig_argv", ["python", *line])
    worker = start_with_runserver(["mail"], concurrency=1)
    assert worker is not None
    wait_until(Worker.objects.exists)
    assert Worker.objects.get().queue_names == ["mail"]
    [((stop, *args), kwargs)] = [call for call in at_exit if call[0][0] == worker.stop]
    assert stop(*args, **kwargs)
    assert stopped_workers() == 1
