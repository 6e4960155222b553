"""Actions of the list, and buttons of the job page."""

import pytest
from django.contrib.admin.models import LogEntry

from django_jobs.models import Job, JobLog
from django_jobs.states import JobStatus
from tests.admin.conftest import logged_in, told, url
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db

ALL = ("pending", "scheduled", "running", "completed", "failed", "cancelled")


def act(client, action, jobs, **extra):
    given = {"action": action, "_selected_action": [str(job.pk) for job in jobs], **extra}
    return client.post(url("job_changelist"), given, follow=True)


def press(client, job, verb, **options):
    return client.post(url("job_steer", job.pk), {"verb": verb}, follow=True, **options)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("retry", ["3 jobs are pending again.", "3 jobs are left as they were: only finished jobs can be retried."]),
        (
            "cancel",
            [
                "3 jobs are cancelled, or will be stopped by their workers.",
                "3 jobs are left as they were: what has finished cannot be cancelled.",
            ],
        ),
        (
            "copy",
            ["3 copies are enqueued.", "3 jobs are left as they were: only finished jobs can be run again as copies."],
        ),
        ("run_now", ["1 job is due now.", "5 jobs are left as they were: only scheduled jobs can be made due."]),
    ],
)
def test_an_action_says_how_many_changed_and_how_many_could_not(admin, action, said):
    jobs = [JobFactory(**{state: True}) for state in ALL]
    assert told(act(admin, action, jobs, confirmed=1)) == said


def test_retrying_makes_finished_jobs_pending_and_keeps_who_did_it(admin):
    failed, running = JobFactory(failed=True), JobFactory(running=True)
    act(admin, "retry", [failed, running])
    failed.refresh_from_db()
    running.refresh_from_db()
    assert (failed.status, failed.attempts) == (JobStatus.PENDING, 0)
    assert running.status == JobStatus.RUNNING
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id, entry.change_message) == ("ann", str(failed.pk), "Retry")


def test_cancelling_names_the_user_as_the_reason(admin):
    pending, running = JobFactory(pending=True), JobFactory(running=True)
    act(admin, "cancel", [pending, running], confirmed=1)
    pending.refresh_from_db()
    running.refresh_from_db()
    assert (pending.status, pending.cancel_reason) == (JobStatus.CANCELLED, "by ann in the admin")
    assert (running.status, running.cancel_reason) == (JobStatus.RUNNING, "by ann in the admin")
    assert running.cancel_requested_at is not None
    assert LogEntry.objects.count() == 2


def test_an_action_reaches_every_match_and_not_only_the_page(admin):
    jobs = JobFactory.create_batch(3, failed=True)
    JobFactory(completed=True)
    given = {"action": "retry", "_selected_action": [str(jobs[0].pk)], "select_across": 1}
    response = admin.post(url("job_changelist") + "?status=failed", given, follow=True)
    assert told(response) == ["3 jobs are pending again."]


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("retry", "retry_job"),
        ("cancel", "cancel_job"),
        ("copy", "add_job"),
        ("run_now", "retry_job"),
        ("delete_selected", "delete_job"),
        ("change_priority", "change_job"),
        ("change_queue", "change_job"),
    ],
)
def test_an_action_takes_its_permission(action, permission):
    every = {"retry_job", "cancel_job", "add_job", "delete_job", "change_job"}
    job = JobFactory(failed=True)
    client = logged_in("view_job", *every - {permission})
    response = act(client, action, [job], confirmed=1, value=7)
    assert told(response) in ([], ["No action selected."])
    assert Job.objects.get() == job
    assert Job.objects.get().status == JobStatus.FAILED
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("state", "verb", "status", "said"),
    [
        ("failed", "retry", "pending", "1 job is pending again."),
        ("pending", "cancel", "cancelled", "1 job is cancelled, or will be stopped by its worker."),
        ("running", "cancel", "running", "1 job is cancelled, or will be stopped by its worker."),
        ("scheduled", "run_now", "pending", "1 job is due now."),
        ("running", "retry", "running", "1 job is left as it was: only finished jobs can be retried."),
        ("completed", "cancel", "completed", "1 job is left as it was: what has finished cannot be cancelled."),
    ],
)
def test_a_button_does_its_verb_and_says_so(admin, state, verb, status, said):
    job = JobFactory(**{state: True})
    response = press(admin, job, verb)
    job.refresh_from_db()
    assert job.status == status
    assert told(response) == [said]
    assert LogEntry.objects.count() == ("is left" not in said)


@pytest.mark.parametrize(("verb", "permission"), [("retry", "retry_job"), ("cancel", "cancel_job")])
def test_a_button_takes_its_permission(verb, permission):
    job = JobFactory(failed=True)
    client = logged_in("view_job", *{"retry_job", "cancel_job"} - {permission})
    assert press(client, job, verb).status_code == 403
    assert f'value="{verb}"' not in client.get(url("job_change", job.pk)).content.decode()


def test_a_verb_without_the_right_to_look_is_refused():
    job = JobFactory(failed=True)
    assert press(logged_in("retry_job"), job, "retry").status_code == 403


def test_a_verb_is_only_done_by_post_with_a_token(admin):
    job = JobFactory(failed=True)
    assert admin.get(url("job_steer", job.pk)).status_code == 405
    admin.handler.enforce_csrf_checks = True
    assert press(admin, job, "retry").status_code == 403
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED


def test_an_unknown_verb_or_job_is_not_found(admin):
    assert press(admin, JobFactory(), "explode").status_code == 404
    assert press(admin, JobFactory.build(), "retry").status_code == 404


def test_deleting_asks_first_and_keeps_what_has_not_finished(admin):
    failed, running = JobFactory(failed=True), JobFactory(running=True)
    JobLog.objects.create(job=failed, message="hello")
    asked = act(admin, "delete_selected", [failed, running])
    assert "Nothing brings them back" in asked.content.decode()
    assert Job.objects.count() == 2
    assert told(act(admin, "delete_selected", [failed, running], confirmed=1)) == [
        "1 job is deleted.",
        "1 job is left as it was: only finished jobs, which nothing protects, can be deleted.",
    ]
    assert list(Job.objects.all()) == [running]
    assert not JobLog.objects.exists()
    assert LogEntry.objects.get().is_deletion()


@pytest.mark.parametrize(
    ("action", "field", "value", "bad"),
    [("change_priority", "priority", 50, "500"), ("change_queue", "queue_name", "mail", "a,b")],
)
def test_a_value_is_asked_for_and_given_to_jobs_that_have_not_started(admin, action, field, value, bad):
    pending, running = JobFactory(pending=True), JobFactory(running=True)
    assert action in act(admin, action, [pending, running]).content.decode()
    assert act(admin, action, [pending], confirmed=1, value=bad).context["form"].errors
    said = told(act(admin, action, [pending, running], confirmed=1, value=value))
    assert said[1] == "1 job is left as it was: only jobs that have not started can be changed."
    assert {pending.pk: value}.items() <= dict(Job.objects.values_list("pk", field)).items()
    assert getattr(Job.objects.get(pk=running.pk), field) == getattr(running, field)
    assert str(value) in LogEntry.objects.get().change_message


def test_a_running_job_has_no_delete_page(admin):
    assert admin.get(url("job_delete", JobFactory(running=True).pk)).status_code == 403
    done = JobFactory(completed=True)
    assert admin.post(url("job_delete", done.pk), {"post": "yes"}).status_code == 302
    assert not Job.objects.completed().exists()


@pytest.mark.parametrize(
    ("action", "state", "said"),
    [
        ("cancel", "running", "their workers will stop them"),
        ("retry", "completed", "would do their work once more"),
        ("copy", "completed", "would do their work once more"),
    ],
)
def test_an_action_asks_before_it_stops_or_repeats_work(admin, action, state, said):
    jobs = [JobFactory(failed=True), JobFactory(**{state: True})]
    assert said in act(admin, action, jobs).content.decode()
    assert not Job.objects.pending().exists()
    assert not Job.objects.filter(cancel_requested_at__isnull=False).exists()
    assert told(act(admin, action, jobs, confirmed=1))


def test_who_means_all_that_match_hears_that_only_the_newest_were_looked_at(admin, monkeypatch):
    monkeypatch.setattr("django_jobs.admin.listing.WINDOW", 3)
    jobs = JobFactory.create_batch(5, failed=True, owner="shop:1")
    given = {"action": "delete_selected", "_selected_action": [jobs[-1].pk], "select_across": 1}
    where = url("job_changelist") + "?owner=shop:1"
    notice = "jobs were looked at, of the chosen status and days."
    assert notice in admin.post(where, given).content.decode()
    done = admin.post(where, {**given, "confirmed": 1}, follow=True)
    assert [notice in said for said in told(done)] == [False, True]
    assert Job.objects.count() == 2
