"""Jobs in a database of their own."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]


def test_jobs_can_stand_in_another_database_than_all_else(child_environment):
    environment = {**child_environment, "DJANGO_SETTINGS_MODULE": "tests.worker.apart_settings"}
    command = [sys.executable, "-m", "tests.worker.apart_site"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "statuses": [["tests.echo", "completed"], ["tests.enqueue_another", "completed"], ["tests.talk", "completed"]],
        "is_retried": True,
        "lines": 8,
        "elsewhere": 0,
        "open": [],
    }
