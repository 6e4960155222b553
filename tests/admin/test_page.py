import logging
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_jobs import job as make_handler
from django_jobs.models import Attempt, Job, JobEvent, JobLog
from django_jobs.registry import handlers
from django_jobs.states import JobStatus
from tests.admin.conftest import job_url, logged_in, told, url
from tests.factories import JobFactory, WorkerFactory

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"


def failed_job(**fields):
    job = JobFactory(failed=True, **fields)
    now = timezone.now()
    for number, outcome in enumerate(["retry", "failed"], 1):
        Attempt.objects.create(
            job=job, number=number, claim_token=number, outcome=outcome, error="Boom", worker_name="host:1",
            traceback=f"Traceback {number}\nBoom {EVIL}", started_at=now - timedelta(seconds=9), ended_at=now,
        )  # fmt: skip
    return job


def page_of(client, job):
    response = client.get(job_url(job))
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_shows_arguments_result_log_and_events(admin):
    job = JobFactory(
        completed=True, kwargs={"shop": "Ünïcode"}, result={"rows": 12}, worker=WorkerFactory(name="web:1")
    )
    JobLog.objects.create(job=job, message="12 rows", level=logging.WARNING, extra={"shop": 7}, logger="shop")
    JobEvent.objects.create(job=job, name="half-way", data={"at": 6})
    page = page_of(admin, job)
    for text in ("Ünïcode", "&quot;rows&quot;: 12", "12 rows", "jobs-log-warning", "shop=7", "half-way", "web:1"):
        assert text in page, text


def test_the_page_shows_attempts_with_tracebacks_and_a_timeline(admin):
    page = page_of(admin, failed_job())
    for text in ("Attempt 1", "Traceback 2", "attempt 1 ended: retry", "host:1"):
        assert text in page, text


def test_an_earlier_failure_stays_on_the_timeline_after_a_retry(admin):
    job = failed_job()
    assert "attempt 2 ended: failed" not in page_of(admin, job)
    job.retry()
    assert "attempt 2 ended: failed" in page_of(admin, job)


def test_everything_on_the_page_is_escaped(admin):
    job = failed_job(
        name=EVIL, error=EVIL, owner=EVIL, queue_name=EVIL, kwargs={EVIL: EVIL}, args=[EVIL], result=EVIL,
        progress_message=EVIL, cancel_requested_at=timezone.now(), cancel_reason=EVIL,
    )  # fmt: skip
    JobLog.objects.create(job=job, message=EVIL, logger=EVIL, extra={EVIL: EVIL})
    JobEvent.objects.create(job=job, name=EVIL, data=EVIL)
    assert "<script>alert(1)" not in page_of(admin, job)
    assert "<script>alert(1)" not in admin.get(url("job_live", job.pk)).content.decode()
    for model, row in (("joblog", job.logs.get()), ("jobevent", job.events.get()), ("attempt", job.history.first())):
        for address in (url(f"{model}_changelist"), url(f"{model}_change", row.pk)):
            assert "<script>alert(1)" not in admin.get(address).content.decode()


def test_looking_at_a_job_never_calls_its_handler(admin):
    called = []
    make_handler("tests.admin_watch")(lambda: called.append(1))
    try:
        job = JobFactory(pending=True, name="tests.admin_watch")
        page_of(admin, job)
        admin.get(url("job_live", job.pk))
    finally:
        handlers.remove("tests.admin_watch")
    assert not called


def test_an_unknown_handler_is_told(admin):
    assert "No handler is registered here under gone.away" in page_of(admin, JobFactory(name="gone.away"))
    assert "No handler is registered" not in page_of(admin, JobFactory())


def test_a_cancel_tells_its_reason_if_there_is_one(admin):
    now = timezone.now()
    page = page_of(admin, JobFactory(running=True, cancel_requested_at=now, cancel_reason="by ann over HTTP"))
    assert "Somebody asked to cancel this job (by ann over HTTP); its worker will stop it." in page
    page = page_of(admin, JobFactory(running=True, cancel_requested_at=now))
    assert "Somebody asked to cancel this job; its worker will stop it." in page


def test_a_job_whose_worker_is_lost_says_so(admin):
    assert "The worker of this job is gone" in page_of(admin, JobFactory(orphaned=True))
    assert "The worker of this job is gone" in page_of(admin, JobFactory(abandoned=True))
    assert "The worker of this job is gone" not in page_of(admin, JobFactory(running=True))


def test_rows_that_were_pruned_leave_a_page_that_works(admin):
    gone = JobFactory.build()
    job = JobFactory(abandoned=True, parent_id=gone.pk, copy_of_id=gone.pk)
    assert str(gone.pk) in page_of(admin, job)
    assert admin.get(job_url(gone), follow=True).status_code == 200


def test_a_long_value_is_cut_with_a_way_to_the_whole(admin):
    job = JobFactory(completed=True, kwargs={"text": "x" * 50_000})
    address = url("job_whole", job.pk, "kwargs")
    page = page_of(admin, job)
    assert address in page
    assert "x" * 10_000 not in page
    whole = admin.get(address)
    assert "x" * 50_000 in whole.content.decode()
    assert whole["Content-Type"] == "text/plain; charset=utf-8"
    assert whole["X-Content-Type-Options"] == "nosniff"


def test_only_values_are_given_whole_and_only_to_those_who_may_look(admin):
    job = JobFactory(failed=True)
    assert admin.get(url("job_whole", job.pk, "error")).content == b"ValueError: broken"
    assert admin.get(url("job_whole", job.pk, "claim_token")).status_code == 404


def test_the_log_shows_its_latest_lines_and_a_link_to_all(admin):
    job = JobFactory(running=True)
    JobLog.objects.bulk_create([JobLog(job=job, message=f"line {number}.") for number in range(250)])
    page = page_of(admin, job)
    assert "line 249." in page
    assert "line 50." in page
    assert "line 49." not in page
    assert f"{url('joblog_changelist')}?job__id__exact={job.pk}" in page
    assert len(admin.get(url("joblog_changelist"), {"job__id__exact": job.pk}).context["cl"].result_list) == 50


def test_the_page_asks_as_many_questions_for_a_long_story_as_for_a_short_one(admin):
    def count(job):
        with CaptureQueriesContext(connection) as queries:
            page_of(admin, job)
        return len(queries)

    short, long = failed_job(), failed_job()
    JobLog.objects.bulk_create([JobLog(job=long, message="line") for _ in range(50)])
    JobEvent.objects.bulk_create([JobEvent(job=long, name="event") for _ in range(20)])
    count(short)
    assert count(long) == count(short) <= 16


def test_the_live_parts_are_sent_again_only_when_something_changed(admin):
    job = JobFactory(running=True)
    address = url("job_live", job.pk)
    first = admin.get(address)
    etag = first["ETag"]
    assert admin.get(job_url(job)).context["etag"] == etag
    assert admin.get(address, headers={"If-None-Match": etag}).status_code == 304
    changes = [
        lambda: Job.objects.filter(pk=job.pk).update(progress_current=5, progress_total=10),
        lambda: JobLog.objects.create(job=job, message="hello"),
        lambda: JobEvent.objects.create(job=job, name="event"),
        job.worker.delete,
        job.cancel,
    ]
    for change in changes:
        change()
        answer = admin.get(address, headers={"If-None-Match": etag})
        assert answer.status_code == 200
        assert answer["ETag"] != etag
        etag = answer["ETag"]
    assert "50 %" in admin.get(address).content.decode()


def test_an_unchanged_job_is_polled_with_few_questions(admin):
    job = JobFactory(running=True)
    etag = admin.get(url("job_live", job.pk))["ETag"]
    with CaptureQueriesContext(connection) as queries:
        admin.get(url("job_live", job.pk), headers={"If-None-Match": etag})
    assert len([query for query in queries if "django_jobs" in query["sql"]]) <= 4
    assert not [query for query in queries if "kwargs" in query["sql"]]


@pytest.mark.parametrize("view", ["job_live", "job_change", "joblog_changelist"])
def test_the_page_is_for_those_who_may_look(client, view):
    job = JobFactory(running=True)
    address = url(view, *([job.pk] if view.startswith("job_") else []))
    assert client.get(address).status_code == 302
    assert logged_in().get(address).status_code == 403


def test_the_page_has_no_inline_script_or_style(admin):
    page = page_of(admin, JobFactory(running=True, progress_current=1, progress_total=2))
    assert "style=" not in page
    assert "onclick" not in page
    assert "<style" not in page


def test_who_may_only_look_can_save_nothing():
    job = JobFactory(pending=True)
    client = logged_in("view_job")
    assert 'name="_save"' not in page_of(client, job)
    assert client.post(job_url(job), {"priority": 9, "queue_name": "x"}).status_code == 403


def test_a_job_that_has_not_started_can_be_changed(admin):
    job = JobFactory(scheduled=True)
    given = {
        "seen_status": "scheduled",
        "priority": 50,
        "queue_name": "mail",
        "run_after_0": "2030-01-02",
        "run_after_1": "3:04",
    }
    assert admin.post(job_url(job), given).status_code == 302
    job.refresh_from_db()
    assert (job.priority, job.queue_name, job.run_after.year) == (50, "mail", 2030)
    assert job.status == JobStatus.SCHEDULED
    assert "Priority" in LogEntry.objects.get().get_change_message()


def test_a_change_that_makes_no_sense_is_refused(admin):
    job = JobFactory(pending=True)
    response = admin.post(job_url(job), {"seen_status": "pending", "priority": 500, "queue_name": ""})
    assert response.status_code == 200
    assert set(response.context["adminform"].form.errors) == {"priority", "queue_name"}


@pytest.mark.parametrize("state", ["running", "completed", "scheduled"])
def test_a_save_that_lost_its_race_changes_nothing_and_says_so(admin, state):
    job = JobFactory(**{state: True})
    response = admin.post(job_url(job), {"seen_status": "pending", "priority": 9, "queue_name": "x"}, follow=True)
    if state == "scheduled":  # that form wants a time, too: Django asks for it before anything is saved
        assert response.context["errors"]
    else:
        assert told(response) == [f"Nothing was changed: meanwhile the job is {state}."]
    job.refresh_from_db()
    assert job.priority == 0
    assert not LogEntry.objects.exists()


def test_a_worker_that_claims_between_reading_and_writing_wins(admin, monkeypatch):
    from django_jobs.admin.jobs import JobAdmin

    job = JobFactory(pending=True)
    written = JobAdmin._written

    def claimed_first(self, row, values):
        Job.objects.filter(pk=row.pk).update(status=JobStatus.RUNNING)
        return written(self, row, values)

    monkeypatch.setattr(JobAdmin, "_written", claimed_first)
    response = admin.post(job_url(job), {"seen_status": "pending", "priority": 9, "queue_name": "x"})
    assert response.status_code == 302
    job.refresh_from_db()
    assert job.priority == 0


def test_what_would_break_a_job_cannot_be_changed(admin):
    job = JobFactory(pending=True)
    forged = {"status": "completed", "attempts": 9, "name": "other", "kwargs": "{}", "run_after_0": "2030-01-01"}
    admin.post(job_url(job), {"seen_status": "pending", "priority": 0, "queue_name": "default", **forged})
    job = Job.objects.get()
    assert (job.status, job.attempts, job.name) == ("pending", 0, "tests.echo")
    assert job.kwargs == {"value": 1}
    assert job.run_after.year != 2030


def test_jobs_are_not_added_by_hand(admin):
    assert admin.get(url("job_add")).status_code == 403
    job = JobFactory(pending=True)
    given = {"seen_status": "pending", "priority": 0, "queue_name": "x", "_saveasnew": "1"}
    assert admin.post(job_url(job), given).status_code == 403


def test_the_history_page_tells_who_did_what(admin):
    job = JobFactory(failed=True)
    admin.post(url("job_steer", job.pk), {"verb": "retry"})
    history = admin.get(url("job_history", job.pk)).content.decode()
    assert "Retry" in history
    assert "ann" in history
