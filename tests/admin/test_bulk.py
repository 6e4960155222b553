"""Verbs on more jobs than a browser waits for: a job of its own goes through them."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User

from django_jobs.access import JobsAccess
from django_jobs.admin import bulk, steering
from django_jobs.admin.bulk import steer
from django_jobs.models import Job, JobEvent
from django_jobs.states import JobStatus
from django_jobs.testing import run_job, run_jobs
from tests.admin.conftest import job_url, logged_in, url
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db


class OnlyMail(JobsAccess):
    """A site whose people see one queue."""

    def visible(self, request, jobs):
        return jobs.in_queues(["mail"])


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Let 2 jobs be many already."""
    monkeypatch.setattr(steering, "AT_ONCE", 2)
    monkeypatch.setattr(bulk, "BATCH", 2)


def act(client, action, query="", **extra):
    given = {"action": action, "_selected_action": [str(Job.objects.first().pk)], "select_across": 1, **extra}
    return client.post(url("job_changelist") + query, given, follow=True)


def steering_job():
    return Job.objects.named(steer.name).get()


def test_all_that_match_are_done_in_batches_by_a_job_that_the_page_links_to(admin):
    failed = JobFactory.create_batch(5, failed=True, owner="shop:1")
    others = [JobFactory(failed=True, owner="shop:2"), JobFactory(running=True, owner="shop:1")]
    asked = act(admin, "retry", "?status=failed&owner=shop:1")
    assert "A job of its own will go through them" in asked.content.decode()
    assert not Job.objects.named(steer.name).exists()
    response = act(admin, "retry", "?status=failed&owner=shop:1", confirmed=1)
    assert job_url(steering_job()) in response.content.decode()
    late = JobFactory(failed=True, owner="shop:1")
    done = run_job(steering_job())
    assert (done.status, done.result) == (JobStatus.COMPLETED, {"changed": 5, "seen": 5}), done.error
    assert (done.progress_current, done.progress_total, done.progress_message) == (5, 5, "5 jobs are pending again.")
    assert done.owner == f"auth.user:{User.objects.get().pk}"
    assert {job.status for job in Job.objects.filter(pk__in=[job.pk for job in failed])} <= {"completed", "pending"}
    for job in [*others, late]:
        assert Job.objects.get(pk=job.pk).status == job.status
    notes = [(entry.user.username, entry.change_message) for entry in LogEntry.objects.order_by("pk")]
    assert notes == [*[("ann", "Retry")] * 6, ("ann", "5 jobs are pending again.")]
    history = LogEntry.objects.filter(change_message="Retry").values_list("object_id", flat=True)
    assert {*history} == {str(job.pk) for job in [*failed, done]}


@pytest.mark.parametrize(
    ("action", "value", "state", "changed"),
    [
        ("cancel", None, "pending", {"status": "cancelled", "cancel_reason": "by ann in the admin"}),
        ("run_now", None, "scheduled", {"status": "pending"}),
        ("change_priority", 7, "scheduled", {"priority": 7}),
        ("change_queue", "mail", "scheduled", {"queue_name": "mail"}),
    ],
)
def test_every_verb_reaches_all_that_match(admin, action, value, state, changed):
    JobFactory.create_batch(3, **{state: True}, queue_name="held")
    act(admin, action, f"?status={state}&q=queue:held", confirmed=1, value=value or "")
    run_one(steering_job())
    rows = Job.objects.named("tests.echo").values(*changed)
    assert list(rows) == [changed] * 3


def run_one(job):
    run_jobs("default")
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED, job.error


def test_all_that_match_can_be_deleted_or_copied(admin):
    JobFactory.create_batch(3, failed=True, queue_name="held")
    act(admin, "copy", "?queue=held", confirmed=1)
    run_one(steering_job())
    assert Job.objects.filter(copy_of__isnull=False).count() == 3
    assert JobEvent.objects.filter(name="by ann in the admin", job__copy_of__isnull=False).count() == 3
    Job.objects.named(steer.name).delete()
    act(admin, "delete_selected", "?status=failed", confirmed=1)
    run_one(steering_job())
    assert not Job.objects.failed().exists()


def test_another_attempt_goes_on_where_the_last_one_ended(admin):
    jobs = JobFactory.create_batch(4, failed=True)
    act(admin, "copy", "?status=failed", confirmed=1)
    job = steering_job()
    Job.objects.filter(pk=job.pk).update(kwargs={**job.kwargs, "after": str(jobs[1].pk)})
    run_one(job)
    assert {copy.copy_of_id for copy in Job.objects.exclude(copy_of=None)} == {jobs[2].pk, jobs[3].pk}
    job.refresh_from_db()
    assert job.kwargs["after"] == str(jobs[3].pk)


def test_a_permission_that_was_taken_away_meanwhile_stops_it():
    JobFactory.create_batch(3, failed=True)
    act(logged_in("view_job", "retry_job"), "retry", "?status=failed", confirmed=1)
    user = User.objects.get()
    user.user_permissions.remove(Permission.objects.get(codename="retry_job"))
    done = run_job(steering_job())
    assert (done.status, done.error) == (JobStatus.FAILED, "ann may not do this.")
    assert Job.objects.filter(name="tests.echo", status="failed").count() == 3


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}, None])
def test_who_is_not_of_the_staff_any_more_changes_nothing(admin, change):
    JobFactory.create_batch(3, failed=True)
    act(admin, "retry", "?status=failed", confirmed=1)
    users = User.objects.all()
    users.update(**change) if change else users.delete()
    assert "no active member" in run_job(steering_job()).error


def test_only_what_the_person_could_see_is_reached(admin, settings):
    settings.JOBS = {**settings.JOBS, "ACCESS": "tests.admin.test_bulk.OnlyMail"}
    JobFactory.create_batch(3, failed=True, queue_name="mail")
    hidden = JobFactory(failed=True, queue_name="default")
    act(admin, "retry", "", confirmed=1)
    run_one(steering_job())
    assert Job.objects.in_queues(["mail"]).pending().count() == 3
    hidden.refresh_from_db()
    assert hidden.status == JobStatus.FAILED


def test_a_selection_is_done_at_once_however_it_was_asked_for(admin):
    jobs = JobFactory.create_batch(4, failed=True)
    given = {"action": "retry", "_selected_action": [str(job.pk) for job in jobs]}
    admin.post(url("job_changelist"), given)
    assert Job.objects.pending().count() == 4
    assert not Job.objects.named(steer.name).exists()


def test_nobody_acts_in_anothers_name_by_editing_a_copy(admin):
    jobs = JobFactory.create_batch(3, failed=True)
    act(admin, "retry", "?status=failed", confirmed=1)
    done = run_job(steering_job())
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(status="failed")
    client = logged_in("view_job", "add_job", name="bob")
    given = {**done.kwargs, "verb": "delete_selected", "after": ""}
    client.post(url("job_again", done.pk), {"kwargs": json.dumps(given)})
    copy = run_job(Job.objects.get(copy_of=done))
    assert (copy.status, copy.error) == (
        JobStatus.FAILED,
        "A copy of this does nothing: ask for it anew, in the list of jobs.",
    )
    assert Job.objects.filter(pk__in=[job.pk for job in jobs]).count() == 3


def test_an_unknown_site_is_told(admin):
    job = run_job(steer.enqueue("retry", "", "nowhere", str(User.objects.get().pk), "", str(JobFactory.build().pk)))
    assert job.error == "There is no admin site nowhere with jobs here."
