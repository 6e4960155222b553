"""SQLite as Django sets it up by default, with several processes that write."""

import subprocess
import sys

import pytest

from .plain_site import REQUESTS, WORKERS

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite"), pytest.mark.timeout(90)]


@pytest.fixture
def start(child_environment):
    """Start Python processes that share an SQLite file without any options."""
    environment = {**child_environment, "DJANGO_SETTINGS_MODULE": "tests.worker.plain_settings"}
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        child = subprocess.Popen(
            [sys.executable, "-m", *arguments], env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe
        )
        started.append(child)
        return child

    yield run
    for child in started:
        child.kill()
        child.communicate()


def test_a_site_and_four_workers_never_meet_a_locked_database(start):
    site = start("tests.worker.plain_site")
    assert site.stdout.readline() == "ready\n"
    workers = [start("django", "runjobs", "--noreload", "--skip-checks") for _ in range(WORKERS)]
    told, complaints = site.communicate("go\n", timeout=80)
    assert (told, complaints) == (f"{2 * REQUESTS}\n", "")
    for worker in workers:
        worker.terminate()
        assert "locked" not in worker.communicate(timeout=20)[1]
        assert worker.returncode == 0
