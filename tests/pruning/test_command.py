"""`manage.py prunejobs`."""

import pytest
from django.core.management import CommandError, call_command

from django_jobs.models import Job
from django_jobs.states import FINISHED, JobStatus

from .test_pruning import make_job

pytestmark = pytest.mark.django_db


def test_it_deletes_in_batches_and_says_how_many(capsys):
    for _ in range(5):
        make_job()
    call_command("prunejobs", "--batch-size=2")
    assert capsys.readouterr().out == "5 jobs deleted.\n"
    assert not Job.objects.exists()


def test_a_dry_run_deletes_nothing(capsys):
    make_job()
    call_command("prunejobs", "--dry-run")
    assert capsys.readouterr().out == "1 jobs would be deleted.\n"
    assert Job.objects.count() == 1


def test_age_and_status_narrow_it_down(capsys):
    for status in FINISHED:
        make_job(status)
    call_command("prunejobs", "--older-than=9d")
    call_command("prunejobs", "--older-than=7d", "--status=failed", "--status=cancelled")
    assert capsys.readouterr().out == "0 jobs deleted.\n2 jobs deleted.\n"
    assert Job.objects.get().status == JobStatus.COMPLETED


def test_retention_decides_by_default(settings):
    settings.JOBS = {**settings.JOBS, "RETENTION": "30d"}
    make_job()
    call_command("prunejobs")
    assert Job.objects.count() == 1


def test_keeping_for_ever_asks_for_an_age(settings):
    settings.JOBS = {**settings.JOBS, "RETENTION": 0}
    with pytest.raises(CommandError, match="give --older-than"):
        call_command("prunejobs")


@pytest.mark.parametrize("wrong", ["--older-than=soon", "--status=pending", "--batch-size=0"])
def test_a_wrong_option_is_refused(wrong):
    with pytest.raises(CommandError):
        call_command("prunejobs", wrong)
