"""Cancelling and retrying over HTTP."""

import pytest
from django.contrib.admin.models import LogEntry

from django_jobs.states import JobStatus
from django_jobs.testing import run_jobs

from ..factories import JobFactory

JOBS = "/jobs-api/jobs"


@pytest.mark.parametrize("state", ["pending", "scheduled", "waiting"])
def test_what_has_not_started_is_cancelled(staff, state):
    record = JobFactory(**{state: True})
    response = staff.send(f"{JOBS}/{record.pk}/cancel", {"reason": "ordered twice"})
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    record.refresh_from_db()
    assert (record.status, record.cancel_reason) == (JobStatus.CANCELLED, "by user0 over HTTP: ordered twice")
    (entry,) = LogEntry.objects.filter(object_id=record.pk)
    assert (entry.user, entry.change_message) == (staff.user, "Cancelled by user0 over HTTP: ordered twice")


def test_a_cancellation_needs_no_body(staff):
    response = staff.generic("POST", f"{JOBS}/{JobFactory().pk}/cancel", b"")
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert response.json()["cancel_reason"] == "by user0 over HTTP"


def test_the_worker_of_a_running_job_is_asked_to_stop_it(staff):
    record = JobFactory(running=True)
    told = staff.send(f"{JOBS}/{record.pk}/cancel").json()
    assert told["status"] == "running"
    assert told["cancel_requested_at"] is not None


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_a_finished_job_cannot_be_cancelled(staff, answered, state):
    record = JobFactory(**{state: True})
    refusal = answered(staff.send(f"{JOBS}/{record.pk}/cancel", {}))
    assert refusal.status == 409
    assert state in refusal.sentence


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_a_finished_job_is_retried_and_runs(staff, state):
    record = JobFactory(**{state: True})
    response = staff.send(f"{JOBS}/{record.pk}/retry")
    assert (response.status_code, response.json()["status"], response.json()["attempts"]) == (200, "pending", 0)
    assert [ran.status for ran in run_jobs()] == [JobStatus.COMPLETED]
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Retried over HTTP"]


@pytest.mark.parametrize("state", ["pending", "scheduled", "running"])
def test_an_unfinished_job_cannot_be_retried(staff, answered, state):
    refusal = answered(staff.send(f"{JOBS}/{JobFactory(**{state: True}).pk}/retry"))
    assert refusal.status == 409
    assert state in refusal.sentence


@pytest.mark.parametrize("verb", ["cancel", "retry"])
@pytest.mark.parametrize("job_id", ["7", "00000000-0000-7000-8000-000000000000"])
def test_a_job_that_is_not_there_cannot_be_steered(staff, answered, verb, job_id):
    assert answered(staff.send(f"{JOBS}/{job_id}/{verb}")).status == 404


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_reading_an_address_of_a_verb_changes_nothing(staff, verb):
    record = JobFactory(failed=True)
    assert staff.get(f"{JOBS}/{record.pk}/{verb}").status_code == 405
    record.refresh_from_db()
    assert record.status == JobStatus.FAILED


@pytest.mark.parametrize(
    ("body", "status"),
    [("{", 400), ({"reason": 5}, 422), ({"reason": "x" * 256}, 422), ({"raison": "x"}, 422), ([1], 422)],
)
def test_a_bad_cancellation_is_refused(staff, answered, body, status):
    record = JobFactory()
    assert answered(staff.send(f"{JOBS}/{record.pk}/cancel", body)).status == status
    record.refresh_from_db()
    assert record.status == JobStatus.PENDING


def test_a_reason_that_no_database_takes_is_made_fit(staff):
    record = JobFactory()
    assert staff.send(f"{JOBS}/{record.pk}/cancel", {"reason": "a\x00b"}).status_code == 200
