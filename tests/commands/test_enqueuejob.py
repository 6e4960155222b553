"""`manage.py enqueuejob`."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_jobs.models import Job
from django_jobs.states import JobStatus

pytestmark = pytest.mark.django_db


def test_it_prints_the_id_of_the_job_it_made(capsys):
    call_command("enqueuejob", "tests.add", "--kwargs", '{"a": 2, "b": 3}')
    job = Job.objects.get()
    assert capsys.readouterr().out.strip() == str(job.pk)
    assert (job.name, job.kwargs, job.status) == ("tests.add", {"a": 2, "b": 3}, JobStatus.PENDING)


def test_each_option_reaches_the_job():
    call_command(
        "enqueuejob", "tests.echo", "--delay=5m", "--queue=mail", "--priority=high",
        "--max-attempts=7", "--timeout=90", "--owner=shop:7",
    )  # fmt: skip
    job = Job.objects.get()
    assert job.status == JobStatus.SCHEDULED
    assert timedelta(minutes=4) < job.run_after - timezone.now() <= timedelta(minutes=5)
    assert (job.queue_name, job.priority, job.max_attempts) == ("mail", 50, 7)
    assert (job.timeout, job.owner) == (timedelta(seconds=90), "shop:7")


@pytest.mark.parametrize(("given", "hour"), [("2030-12-24T18:00", 17), ("2030-12-24T18:00Z", 18)])
def test_a_time_is_that_of_the_site_unless_it_names_a_zone(settings, given, hour):
    settings.TIME_ZONE = "Europe/Vienna"
    call_command("enqueuejob", "tests.echo", f"--run-after={given}")
    job = Job.objects.get()
    assert (job.status, job.run_after) == (JobStatus.SCHEDULED, datetime(2030, 12, 24, hour, tzinfo=UTC))


def test_a_priority_may_be_a_number():
    call_command("enqueuejob", "tests.echo", "--priority=-3")
    assert Job.objects.get().priority == -3


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["tests.ad"], "Did you mean 'tests.add'"),
        (["tests.add"], "missing a required argument: 'a'"),
        (["tests.add", "--kwargs", "{a: 2}"], "--kwargs is not JSON"),
        (["tests.add", "--kwargs", "[2]"], "must be a JSON object"),
        (["tests.add", "--kwargs", '{"a": NaN}'], "JSON cannot hold"),
        (["tests.echo", "--delay=soon"], "delay: 'soon' is not a duration"),
        (["tests.echo", "--run-after=tomorrow"], "'tomorrow' is no time, such as"),
        (["tests.echo", "--run-after=2030-12-24", "--delay=5"], "delay.*run_after|run_after.*delay"),
        (["tests.echo", "--priority=urgent"], "priority='urgent'"),
    ],
)
def test_a_mistake_is_told_and_makes_no_job(arguments, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("enqueuejob", *arguments)
    assert not Job.objects.exists()
