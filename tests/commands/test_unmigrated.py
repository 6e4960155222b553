"""Commands on a database without the tables of the jobs."""

import subprocess
import sys

import pytest


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "command", [["runjobs", "--drain"], ["enqueuejob", "tests.echo"], ["prunejobs"], ["jobshealth"]]
)
def test_a_database_without_tables_is_told_how_to_get_them(child_environment, tmp_path, command):
    environment = {**child_environment, "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}"}
    done = subprocess.run(
        [sys.executable, "-m", "django", *command],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "CommandError: The tables of django_jobs are missing: run `python manage.py migrate` first." in done.stderr
    assert "Traceback" not in done.stderr
