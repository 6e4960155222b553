"""What a row tells of itself."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from django_jobs import WaitTimeout
from django_jobs.ids import uuid7
from django_jobs.models import Job
from django_jobs.states import FINISHED, JobStatus
from tests.factories import JobFactory, WorkerFactory
from tests.jobs import echo
from tests.store.meanwhile import Elsewhere

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("fields", "percent"),
    [
        ({}, None),
        ({"progress_current": 5}, None),
        ({"progress_current": 5, "progress_total": 0}, None),
        ({"progress_current": 0, "progress_total": 10}, 0),
        ({"progress_current": 5, "progress_total": 10}, 50),
        ({"progress_current": 2, "progress_total": 3}, 66),
        ({"progress_current": 999, "progress_total": 1000}, 99),
        ({"progress_current": 10, "progress_total": 10}, 100),
        ({"progress_current": 15, "progress_total": 10}, 100),
        ({"progress_current": -5, "progress_total": 10}, 0),
        ({"completed": True}, 100),
        ({"completed": True, "progress_current": 3, "progress_total": 10}, 100),
        ({"failed": True, "progress_current": 3, "progress_total": 10}, 30),
    ],
)
def test_progress_is_a_whole_percentage_or_unknown(fields, percent):
    if "completed" in fields or "failed" in fields:
        status = JobStatus.COMPLETED if fields.pop("completed", None) else JobStatus.FAILED
        fields = {key: value for key, value in fields.items() if key != "failed"} | {"status": status}
    assert Job(**fields).progress_percent == percent


@pytest.mark.parametrize(
    ("current", "total", "seconds"),
    [(1, 4, 15), (4, 4, 0), (9, 4, 0), (1, 100, 495), (0, 4, None), (1, 1000, None), (3, None, None), (1, 1e308, None)],
)
def test_what_is_left_of_a_running_job_follows_from_what_is_done(current, total, seconds):
    started_at = timezone.now() - timedelta(seconds=5)
    job = Job(status=JobStatus.RUNNING, started_at=started_at, progress_current=current, progress_total=total)
    expected = None if seconds is None else pytest.approx(seconds, rel=0.1)
    assert (None if job.remaining is None else job.remaining.total_seconds()) == expected
    job.status = JobStatus.FAILED
    assert job.remaining is None


@pytest.mark.parametrize("status", list(JobStatus))
def test_a_job_knows_whether_it_is_finished(status):
    assert Job(status=status).is_finished == (status in FINISHED)


def test_a_finished_job_took_from_start_to_finish():
    now = timezone.now()
    assert Job(status=JobStatus.FAILED, started_at=now, finished_at=now + 5 * SECOND).duration == 5 * SECOND


def test_a_running_job_takes_until_now():
    duration = Job(status=JobStatus.RUNNING, started_at=timezone.now() - 60 * SECOND).duration
    assert duration is not None
    assert 60 * SECOND <= duration < 120 * SECOND


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.WAITING])
def test_a_job_that_waits_for_its_next_attempt_takes_no_time(status):
    assert Job(status=status).duration is None
    assert Job(status=status, started_at=timezone.now() - 60 * SECOND).duration is None


def test_clocks_that_disagree_make_no_negative_duration():
    now = timezone.now()
    assert Job(status=JobStatus.COMPLETED, started_at=now, finished_at=now - SECOND).duration == timedelta(0)


def test_a_job_knows_its_handler_while_that_is_registered():
    assert Job(name="tests.echo").handler is echo
    assert Job(name="tests.gone").handler is None


def test_a_job_is_told_apart_in_lists():
    job = JobFactory.build()
    assert str(job) == f"tests.echo {job.pk}"
    assert str(WorkerFactory.build(name="host:7")) == "host:7"


def test_waiting_returns_the_finished_job(db):
    job = JobFactory(running=True)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.COMPLETED, result=7)
    assert job.wait(timeout=0).result == 7


def test_waiting_takes_any_duration(db):
    with pytest.raises(WaitTimeout, match=r"after 0\.02 s"):
        JobFactory().wait("20ms", interval=0.01)


def test_waiting_gives_up_and_tells_where_the_job_stands(db):
    job = JobFactory()
    with pytest.raises(WaitTimeout, match=r"is still pending after 0\.01 s; is a worker running\?"):
        job.wait(timeout=0.01, interval=0.001)
    with pytest.raises(TimeoutError):
        job.wait(timeout=timedelta(0))


@pytest.mark.django_db(transaction=True)
def test_waiting_sees_what_another_connection_finishes():
    job = JobFactory(running=True)

    def finish():
        with transaction.atomic():
            Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED, error="no")

    finishing = Elsewhere(finish)
    assert job.wait(timeout=30, interval=0.01).error == "no"
    finishing.value()


def test_a_parent_that_was_pruned_does_not_keep_its_children_from_anything(db):
    child = JobFactory(parent_id=uuid7(), copy_of_id=uuid7(), worker_id=uuid7())
    assert Job.objects.get(pk=child.pk) == child
    assert child.cancel()


def test_deleting_a_job_leaves_those_it_enqueued(db):
    parent = JobFactory(completed=True)
    child, twin = JobFactory(parent=parent), JobFactory(copy_of=parent)
    parent.delete()
    assert set(Job.objects.all()) == {child, twin}
