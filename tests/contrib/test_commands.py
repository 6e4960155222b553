"""The handler `management-command`."""

import logging

import pytest

import django_jobs
from django_jobs.models import JobLog
from django_jobs.states import JobStatus
from django_jobs.testing import run_job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _installed(install, settings):
    install("django_jobs.contrib.commands", "tests.contrib.chatter")
    settings.JOBS_COMMANDS = ["chat"]


def run(**arguments):
    return run_job(django_jobs.enqueue("management-command", {"name": "chat", **arguments}))


def test_what_a_command_prints_is_the_result_and_the_log_of_the_job():
    job = run(args=["one", "two"])
    assert (job.status, job.result) == (JobStatus.COMPLETED, {"output": ["one", "two", "mind the gap", "the end"]})
    lines = [(line.level, line.message) for line in JobLog.objects.filter(job=job)]
    assert lines == [
        (logging.INFO, "one"),
        (logging.INFO, "two"),
        (logging.WARNING, "mind the gap"),
        (logging.INFO, "the end"),
    ]


def test_leaving_with_code_0_completes_the_job():
    assert run(options={"leave": 0}).status == JobStatus.COMPLETED


def test_leaving_with_another_code_ends_the_attempt():
    job = run(options={"leave": 3})
    assert (job.status, job.attempts) == (JobStatus.FAILED, 3)
    assert "chat left with code 3" in job.error


def test_a_command_error_ends_the_attempt_and_keeps_the_log():
    job = run(args=["one"], options={"broken": True})
    assert (job.status, job.attempts) == (JobStatus.FAILED, 3)
    assert "no use" in job.error
    assert JobLog.objects.filter(job=job, message="one").count() == 3


def test_a_long_output_is_cut_to_its_last_hundred_lines():
    job = run(args=[str(number) for number in range(200)])
    assert len(job.result["output"]) == 100
    assert job.result["output"][-1] == "the end"


@pytest.mark.parametrize("allowed", [[], ["clearsessions"]])
def test_a_command_that_is_not_allowed_fails_at_once(settings, allowed):
    settings.JOBS_COMMANDS = allowed
    job = run()
    assert (job.status, job.attempts) == (JobStatus.FAILED, 1)
    assert "'chat' is not in JOBS_COMMANDS" in job.error


def test_the_streams_are_not_for_the_caller_to_choose():
    assert "are the job's own" in run(options={"stdout": "x", "stderr": "y"}).error


def test_the_handler_can_be_called_as_the_function_it_is():
    from django_jobs.contrib.commands.jobs import management_command

    assert management_command("chat")["output"] == ["mind the gap", "the end"]
