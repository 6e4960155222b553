"""`manage.py jobshealth`."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def run(*options: str) -> int:
    """Return the exit code of the command."""
    try:
        call_command("jobshealth", *options)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_healthy_is_0(make_worker, make_job, make_stat, capsys):
    make_worker()
    make_job(due_for=timedelta(seconds=90))
    make_stat(completed=2, run_seconds=1.0)
    assert run() == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["healthy", "workers    1 (0 active, 1 idle)"]
    assert "1 pending" in told[2]
    assert told[3].startswith("oldest due 90.")
    assert told[4] == "last day   2 processed, 0.500 s on average"
    assert "tests.add" in told[5]


def test_degraded_is_1(capsys, db):
    assert run() == 1
    assert capsys.readouterr().out.startswith("degraded\n  No worker is running.\n")


def test_unhealthy_is_2(make_job, capsys):
    make_job()
    assert run() == 2
    assert capsys.readouterr().out.startswith("unhealthy\n  No worker is running, and jobs are due.\n")


def test_the_limits_are_options(make_worker, make_job):
    make_worker()
    make_job(due_for=HOUR)
    assert run("--max-latency=2h") == 0
    assert run("--max-latency=60") == 1
    assert run("--max-latency=2h", "--min-workers=2") == 2
    assert run("--max-latency=2h", "--min-workers=0") == 0


def test_json_is_what_health_says(make_worker, capsys):
    make_worker()
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out)["workers"]["total"] == 1


def test_counts_at_the_limit_say_so(monkeypatch, make_job, capsys):
    from django_jobs import monitoring
    from django_jobs.management.commands import jobshealth

    monkeypatch.setattr(monitoring, "COUNT_LIMIT", 3)
    monkeypatch.setattr(jobshealth, "COUNT_LIMIT", 3)
    for _ in range(4):
        make_job()
    run()
    assert "over 2 pending" in capsys.readouterr().out


def test_a_wrong_limit_is_refused():
    with pytest.raises(CommandError, match="--max-latency: 'soon' is not a duration") as refused:
        call_command("jobshealth", "--max-latency=soon")
    assert refused.value.returncode == 2


def test_a_database_that_does_not_answer_is_2():
    def refuse(*_args):
        raise DatabaseError("gone")

    with connection.execute_wrapper(refuse), pytest.raises(CommandError, match="does not answer") as refused:
        call_command("jobshealth")
    assert refused.value.returncode == 2
