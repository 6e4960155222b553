"""The verbs of a program that knows names and ids only."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

import django_jobs
from django_jobs import InvalidArguments, InvalidOptions, UnknownHandler
from django_jobs.ids import uuid7
from django_jobs.models import Job
from django_jobs.signals import job_enqueued
from django_jobs.states import FINISHED, JobStatus
from django_jobs.testing import run_jobs
from tests.factories import JobFactory
from tests.jobs import echo

pytestmark = pytest.mark.django_db

NO_IDS = [None, "", "no uuid", 7, b"bytes", [], "0" * 32]


def test_a_job_is_enqueued_by_its_handlers_name():
    job = django_jobs.enqueue("tests.add", {"a": 1, "b": 2}, priority="low", owner="me")
    assert (job.name, job.kwargs, job.priority, job.owner) == ("tests.add", {"a": 1, "b": 2}, -50, "me")
    assert django_jobs.enqueue("tests.echo").kwargs == {}


@pytest.mark.parametrize(("written", "meant"), [("tests.ad", "tests.add"), ("test.echo", "tests.echo")])
def test_an_unknown_name_is_answered_with_the_nearest(written, meant):
    with pytest.raises(UnknownHandler, match=f"{written!r}. Did you mean .*{meant!r}"):
        django_jobs.enqueue(written, {})
    with pytest.raises(LookupError):
        django_jobs.enqueue(written)


@pytest.mark.parametrize("name", [None, 7])
def test_a_name_that_is_no_text_is_unknown(name):
    with pytest.raises(UnknownHandler, match=f"No handler is registered under {name}"):
        django_jobs.enqueue(name)


@pytest.mark.parametrize("arguments", [[1, 2], "a=1", 7])
def test_arguments_by_name_must_be_a_dict(arguments):
    with pytest.raises(InvalidArguments, match="must be a dict by name"):
        django_jobs.enqueue("tests.add", arguments)


def test_arguments_whose_names_are_no_text_are_refused_by_the_handlers_name():
    with pytest.raises(TypeError, match=r"tests\.add\(\): keywords must be strings"):
        django_jobs.enqueue("tests.add", {7: 7})  # type: ignore[dict-item]


def test_wrong_arguments_and_options_are_refused_as_everywhere():
    with pytest.raises(TypeError, match=r"tests\.add\(\): got an unexpected keyword argument 'c'"):
        django_jobs.enqueue("tests.add", {"a": 1, "c": 2})
    with pytest.raises(InvalidOptions, match="priority='urgent'"):
        django_jobs.enqueue("tests.add", {"a": 1}, priority="urgent")
    with pytest.raises(TypeError, match="queue"):
        django_jobs.enqueue("tests.add", {"a": 1}, queue="mail")


def test_a_job_is_scheduled_for_a_moment():
    tomorrow = timezone.now() + timedelta(days=1)
    job = django_jobs.schedule("tests.add", {"a": 1}, tomorrow, queue_name="night")
    assert (job.status, job.run_after, job.queue_name) == (JobStatus.SCHEDULED, tomorrow, "night")


@pytest.mark.parametrize("moment", [None, 60, "tomorrow", datetime(2026, 12, 24)])
def test_a_schedule_needs_a_moment(moment):
    with pytest.raises(InvalidOptions, match="run_after"):
        django_jobs.schedule("tests.add", {"a": 1}, moment)
    assert not Job.objects.exists()


def test_a_job_is_got_by_its_id_in_any_spelling():
    job = JobFactory()
    for spelling in (job.pk, str(job.pk), job.pk.hex, str(job.pk).upper()):
        assert django_jobs.get(spelling) == job


@pytest.mark.parametrize("job_id", [*NO_IDS, uuid7()])
def test_an_id_of_no_job_gets_none(job_id):
    assert django_jobs.get(job_id) is None
    assert django_jobs.cancel(job_id) is False
    assert django_jobs.retry(job_id) is False


def test_a_job_is_cancelled_by_its_id():
    job = JobFactory()
    assert django_jobs.cancel(str(job.pk), reason="enough") is True
    job.refresh_from_db()
    assert (job.status, job.cancel_reason) == (JobStatus.CANCELLED, "enough")
    assert django_jobs.cancel(job.pk) is False


def test_a_job_itself_may_stand_for_its_id():
    job = echo.enqueue()
    assert django_jobs.cancel(job, "enough") is True
    assert django_jobs.get(job).error == "Cancelled: enough"
    assert django_jobs.retry(job) is True


@pytest.mark.parametrize("status", list(JobStatus))
def test_a_job_is_retried_by_its_id_once_it_has_finished(status):
    job = JobFactory(**{status.value: True})
    assert django_jobs.retry(job.pk) is (status in FINISHED)
    job.refresh_from_db()
    assert job.status == (JobStatus.PENDING if status in FINISHED else status)


def test_a_function_is_registered_under_a_name(make_handler):
    handler = make_handler(lambda n: n * 2, queue_name="sums")
    job = django_jobs.enqueue(handler.name, {"n": 4})
    assert job.queue_name == "sums"
    assert [ran.result for ran in run_jobs()] == [8]


def test_a_copy_is_a_fresh_job_with_the_same_errand():
    original = JobFactory(
        failed=True, args=[1], kwargs={"b": 2}, queue_name="mail", priority=9, max_attempts=5, owner="me",
        timeout=timedelta(seconds=7), result={"old": 1}, rescues=2, progress_current=1.0,
    )  # fmt: skip
    copy = django_jobs.copy(original)
    copy.refresh_from_db()
    same = ("name", "args", "kwargs", "queue_name", "priority", "max_attempts", "owner", "timeout")
    assert [getattr(copy, name) for name in same] == [getattr(original, name) for name in same]
    assert (copy.status, copy.attempts, copy.claim_token, copy.rescues) == (JobStatus.PENDING, 0, 0, 0)
    assert (copy.result, copy.error, copy.progress_current, copy.finished_at) == (None, "", None, None)
    assert copy.copy_of == original
    assert copy.pk != original.pk
    assert Job.objects.get(pk=original.pk).status == JobStatus.FAILED


@pytest.mark.parametrize("status", list(JobStatus))
def test_a_job_in_any_status_can_be_copied_to_run_now(status):
    before = timezone.now()
    copy = django_jobs.copy(JobFactory(**{status.value: True}))
    assert copy.status == JobStatus.PENDING
    assert copy.run_after >= before


def test_a_copy_is_announced_as_any_new_job(django_capture_on_commit_callbacks):
    told: list[Job] = []

    def receive(job, **_):
        told.append(job)

    job_enqueued.connect(receive)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            copy = django_jobs.copy(JobFactory(failed=True))
    finally:
        job_enqueued.disconnect(receive)
    assert told == [copy]
