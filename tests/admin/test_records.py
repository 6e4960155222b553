"""The lists and pages of what jobs left behind, and of workers."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_jobs.models import Attempt, JobEvent, JobLog
from tests.admin.conftest import job_url, url
from tests.factories import JobFactory, WorkerFactory

pytestmark = pytest.mark.django_db


def make(model, job):
    return {
        "joblog": lambda: JobLog.objects.create(job=job, message="hello"),
        "jobevent": lambda: JobEvent.objects.create(job=job, name="hello", data=[1]),
        "attempt": lambda: Attempt.objects.create(
            job=job, number=1, claim_token=1, outcome="retry", error="hello", ended_at=timezone.now()
        ),
    }[model]()


@pytest.mark.parametrize("model", ["joblog", "jobevent", "attempt"])
def test_a_list_links_each_row_to_its_job(admin, model):
    job = JobFactory(completed=True)
    row = make(model, job)
    page = admin.get(url(f"{model}_changelist"), {"q": "hello", "job__id__exact": job.pk}).content.decode()
    assert job_url(job) in page
    assert "hello" in page
    assert "hello" in admin.get(url(f"{model}_change", row.pk)).content.decode()


@pytest.mark.parametrize("model", ["joblog", "jobevent", "attempt"])
def test_a_list_asks_no_question_per_row(admin, model):
    def count():
        with CaptureQueriesContext(connection) as queries:
            admin.get(url(f"{model}_changelist"))
        return len(queries)

    make(model, JobFactory())
    count()
    few = count()
    for _ in range(5):
        make(model, JobFactory())
    assert count() == few


@pytest.mark.parametrize("model", ["joblog", "jobevent", "attempt", "worker"])
def test_what_workers_write_is_only_read(admin, model):
    row = WorkerFactory() if model == "worker" else make(model, JobFactory())
    assert admin.get(url(f"{model}_add")).status_code == 403
    assert admin.post(url(f"{model}_change", row.pk), {}).status_code == 403
    assert admin.get(url(f"{model}_delete", row.pk)).status_code == 403


def test_log_lines_are_filtered_by_level_and_above(admin):
    job = JobFactory()
    for level in (10, 20, 30, 40):
        JobLog.objects.create(job=job, message="hello", level=level)
    rows = admin.get(url("joblog_changelist"), {"level": "WARNING"}).context["cl"].result_list
    assert {row.level for row in rows} == {30, 40}


def test_attempts_are_filtered_by_outcome(admin):
    make("attempt", JobFactory())
    assert len(admin.get(url("attempt_changelist"), {"outcome__exact": "retry"}).context["cl"].result_list) == 1
    assert len(admin.get(url("attempt_changelist"), {"outcome__exact": "failed"}).context["cl"].result_list) == 0


def test_a_worker_is_alive_lapsed_or_stopped(admin):
    alive, lapsed, stopped = WorkerFactory(), WorkerFactory(lapsed=True), WorkerFactory(stopped=True)
    page = admin.get(url("worker_changelist")).content.decode()
    for state, worker in (("alive", alive), ("lapsed", lapsed), ("stopped", stopped)):
        assert f"jobs-mark-{state}" in page
        shown = admin.get(url("worker_changelist"), {"state": state}).context["cl"].result_list
        assert shown == [worker]
        assert f"jobs-mark-{state}" in admin.get(url("worker_change", worker.pk)).content.decode()


def test_a_worker_names_what_it_runs_and_counts_the_rest(admin):
    worker = WorkerFactory(queue_names=["mail"])
    jobs = [JobFactory(running=True, worker=worker) for _ in range(7)]
    page = admin.get(url("worker_changelist")).content.decode()
    assert job_url(jobs[0]) in page
    assert job_url(jobs[6]) not in page
    assert "and 2 more" in page
    assert "mail" in page


def test_the_workers_are_listed_with_the_same_few_questions(admin):
    def count():
        with CaptureQueriesContext(connection) as queries:
            admin.get(url("worker_changelist"))
        return len(queries)

    JobFactory(running=True)
    count()
    few = count()
    for _ in range(4):
        JobFactory(running=True)
    assert count() == few
