"""Finishing: every outcome, behind the fence."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from django_jobs.ids import uuid7
from django_jobs.models import Job
from django_jobs.states import FINISHED, JobStatus, Outcome
from django_jobs.store import Report
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db

S = JobStatus
ARRIVALS = {
    Outcome.COMPLETED: S.COMPLETED,
    Outcome.RETRY: S.SCHEDULED,
    Outcome.SNOOZE: S.SCHEDULED,
    Outcome.FAILED: S.FAILED,
    Outcome.CANCELLED: S.CANCELLED,
    Outcome.RELEASED: S.PENDING,
    Outcome.RESCUED: S.PENDING,
}
AGAIN = sorted(outcome for outcome, status in ARRIVALS.items() if status not in FINISHED)
FINAL = sorted(set(Outcome) - set(AGAIN))


def row_of(job):
    return Job.objects.filter(pk=job.pk).values().get()


def report_of(job, outcome, **details):
    return Report(job.pk, job.claim_token, outcome, **details)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_takes_a_running_job_where_the_table_says(store, outcome):
    job = JobFactory(running=True)
    assert store.finish([report_of(job, outcome)]) == {job.pk: ARRIVALS[outcome]}
    assert row_of(job)["status"] == ARRIVALS[outcome]


@pytest.mark.parametrize(("outcome", "status"), list(product(Outcome, sorted(set(JobStatus) - {S.RUNNING}))), ids=str)
def test_no_outcome_moves_a_job_that_does_not_run(store, outcome, status):
    job = JobFactory(**{status.value: True})
    before = row_of(job)
    assert store.finish([report_of(job, outcome, result="7", error="late", refunds=True, rescued=True)]) == {}
    assert row_of(job) == before


@pytest.mark.parametrize(("outcome", "distance"), list(product(Outcome, [-1, 1])), ids=str)
def test_no_outcome_passes_the_fence_with_another_token(store, outcome, distance):
    job = JobFactory(running=True, claim_token=5)
    before = row_of(job)
    stale = Report(job.pk, job.claim_token + distance, outcome, result="7", error="late")
    assert store.finish([stale]) == {}
    assert row_of(job) == before


def test_a_worker_that_lost_its_claim_cannot_finish_the_job(store):
    JobFactory()
    (lost,) = store.claim(uuid7(), "default", 1)
    store.finish([Report(lost.id, lost.claim_token, Outcome.RELEASED, refunds=True)])
    (held,) = store.claim(uuid7(), "default", 1)
    assert lost.attempts == held.attempts  # the attempts are equal: only the token tells the two apart
    assert store.finish([Report(lost.id, lost.claim_token, Outcome.COMPLETED, result="1")]) == {}
    assert store.finish([Report(held.id, held.claim_token, Outcome.COMPLETED, result="2")]) == {held.id: S.COMPLETED}
    assert Job.objects.get(pk=held.id).result == 2


def test_a_job_that_is_gone_is_left_out_of_the_answer(store):
    job = JobFactory(running=True)
    assert store.finish([Report(uuid7(), 1, Outcome.COMPLETED), report_of(job, Outcome.COMPLETED)]) == {
        job.pk: S.COMPLETED
    }


def test_many_outcomes_are_written_at_once_each_to_its_own_job(store):
    jobs = [JobFactory(running=True) for _ in Outcome]
    stale = JobFactory(running=True, claim_token=9)
    reports = [report_of(job, outcome, error=outcome.value) for job, outcome in zip(jobs, Outcome, strict=True)]
    answer = store.finish([Report(stale.pk, 8, Outcome.COMPLETED), *reversed(reports)])
    assert answer == {job.pk: ARRIVALS[outcome] for job, outcome in zip(jobs, Outcome, strict=True)}
    for job, outcome in zip(jobs, Outcome, strict=True):
        assert (row_of(job)["status"], row_of(job)["error"]) == (ARRIVALS[outcome], outcome.value)
    assert row_of(stale)["status"] == S.RUNNING


def test_nothing_to_finish_asks_nothing(store, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert store.finish([]) == {}


@pytest.mark.parametrize("text", ["null", "7", "\"Zoë 🙂 %s 'quoted'\"", '{"a":[1,2.5,null,true]}', "[]"])
def test_a_result_comes_back_as_it_was_returned(store, text):
    import json

    job = JobFactory(running=True)
    store.finish([report_of(job, Outcome.COMPLETED, result=text)])
    job.refresh_from_db()
    assert job.result == json.loads(text)


@pytest.mark.parametrize("outcome", FINAL)
def test_a_final_outcome_tells_when_it_was(store, outcome):
    job = JobFactory(running=True)
    due, before = row_of(job)["run_after"], store.now()
    store.finish([report_of(job, outcome)])
    assert before <= row_of(job)["finished_at"] <= store.now()
    assert row_of(job)["run_after"] == due


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.SNOOZE])
def test_a_delay_counts_from_the_databases_now(store, outcome):
    job = JobFactory(running=True)
    delay, before = timedelta(minutes=7, milliseconds=250), store.now()
    store.finish([report_of(job, outcome, delay=delay)])
    assert before + delay <= row_of(job)["run_after"] <= store.now() + delay
    assert row_of(job)["finished_at"] is None


@pytest.mark.only_on("postgresql", "mysql")
def test_a_host_whose_clock_is_wrong_delays_no_job(store, monkeypatch):
    wrong = timezone.now() - timedelta(days=400)
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    job = JobFactory(running=True)
    store.finish([report_of(job, Outcome.RETRY, delay=timedelta(hours=1))])
    assert row_of(job)["run_after"] > wrong + timedelta(days=399)
    store.promote()
    assert row_of(job)["status"] == S.SCHEDULED


@pytest.mark.parametrize("outcome", [Outcome.RELEASED, Outcome.RESCUED])
def test_a_job_that_is_given_back_keeps_its_place(store, outcome):
    job = JobFactory(running=True)
    due = row_of(job)["run_after"]
    store.finish([report_of(job, outcome)])
    assert row_of(job)["run_after"] == due
    assert row_of(job)["finished_at"] is None


@pytest.mark.parametrize(("outcome", "refunds"), list(product(Outcome, [False, True])), ids=str)
def test_an_attempt_counts_unless_it_is_refunded(store, outcome, refunds):
    job = JobFactory(running=True, attempts=2)
    store.finish([report_of(job, outcome, refunds=refunds)])
    assert row_of(job)["attempts"] == (1 if refunds else 2)
    assert row_of(job)["claim_token"] == job.claim_token


@pytest.mark.parametrize("outcome", [Outcome.RESCUED, Outcome.FAILED])
def test_a_rescue_counts_the_worker_that_died(store, outcome):
    job = JobFactory(running=True, rescues=1)
    store.finish([report_of(job, outcome, rescued=True)])
    assert row_of(job)["rescues"] == 2


@pytest.mark.parametrize("outcome", AGAIN)
def test_a_job_that_somebody_cancelled_does_not_run_again(store, outcome):
    job = JobFactory(running=True, cancel_requested_at=timezone.now())
    due = row_of(job)["run_after"]
    assert store.finish([report_of(job, outcome, delay=timedelta(hours=1))]) == {job.pk: S.CANCELLED}
    row = row_of(job)
    assert (row["status"], row["finished_at"] is None) == (S.CANCELLED, False)
    assert due <= row["run_after"]


@pytest.mark.parametrize(
    ("reason", "error"), [("not 'it' {again}", "Cancelled: not 'it' {again}"), ("", "Cancelled while it ran.")]
)
@pytest.mark.parametrize("outcome", AGAIN)
def test_a_cancelled_job_says_why_though_its_worker_had_nothing_to_say(store, outcome, reason, error):
    silent, broken = JobFactory.create_batch(2, running=True, cancel_requested_at=timezone.now(), cancel_reason=reason)
    store.finish([report_of(silent, outcome), report_of(broken, outcome, error="broken")])
    assert [row_of(job)["error"] for job in (silent, broken)] == [error, "broken"]


def test_a_job_that_goes_on_says_nothing_of_a_cancel(store):
    jobs = [JobFactory(running=True), JobFactory(running=True, cancel_requested_at=timezone.now())]
    store.finish([report_of(jobs[0], Outcome.RELEASED), report_of(jobs[1], Outcome.COMPLETED)])
    assert [row_of(job)["error"] for job in jobs] == ["", ""]


@pytest.mark.parametrize("outcome", FINAL)
def test_a_cancel_request_changes_no_outcome_that_is_final_anyway(store, outcome):
    job = JobFactory(running=True, cancel_requested_at=timezone.now())
    assert store.finish([report_of(job, outcome)]) == {job.pk: ARRIVALS[outcome]}


def test_an_error_is_kept_to_the_letter(store):
    job = JobFactory(running=True)
    error = "ValueError: 100% of 'Zoë' {braces} \\n 🙂\nsecond line"
    store.finish([report_of(job, Outcome.FAILED, error=error)])
    assert row_of(job)["error"] == error


def test_a_thousand_outcomes_fit_one_call(store):
    Job.objects.bulk_create(JobFactory.build_batch(1000, status=S.RUNNING, attempts=1, claim_token=1))
    reports = [Report(pk, 1, Outcome.COMPLETED, result="1") for pk in Job.objects.values_list("pk", flat=True)]
    assert len(store.finish(reports)) == 1000
    assert Job.objects.completed().count() == 1000


def test_progress_is_written_only_under_the_claim_that_stands(store):
    jobs = [JobFactory(running=True) for _ in range(3)]
    gone, done = jobs[1], JobFactory(completed=True)
    rows = [(job.pk, job.claim_token, n + 0.5, 9.0, f"step {n} 'é' \\") for n, job in enumerate(jobs)]
    rows[1] = (gone.pk, gone.claim_token + 1, 8.0, 9.0, "late")
    stood = store.progress([*rows, (done.pk, done.claim_token, 1.0, 9.0, "late")])
    assert set(stood) == {jobs[0].pk, jobs[2].pk}
    said = Job.objects.filter(pk__in=stood).order_by("id").values_list("progress_current", "progress_message")
    assert list(said) == [(0.5, "step 0 'é' \\"), (2.5, "step 2 'é' \\")]
    assert not Job.objects.filter(progress_message="late").exists()


def test_jobs_that_all_completed_get_each_its_own_result(store):
    jobs = [JobFactory(running=True) for _ in range(120)]
    reports = [
        Report(job.pk, job.claim_token, Outcome.COMPLETED, f'{{"n": [{n}, "é%s\\""]}}') for n, job in enumerate(jobs)
    ]
    stale = Report(jobs[7].pk, jobs[7].claim_token + 1, Outcome.COMPLETED, "0")
    answer = store.finish([*reversed(reports[:7]), stale, *reports[8:]])
    assert answer == {job.pk: S.COMPLETED for job in jobs if job is not jobs[7]}
    results = Job.objects.in_bulk()
    assert all(results[job.pk].result == {"n": [n, 'é%s"']} for n, job in enumerate(jobs) if n != 7)
    assert (results[jobs[7].pk].status, results[jobs[7].pk].result) == (S.RUNNING, None)
    assert all(row.finished_at and row.error == "" for row in results.values() if row.pk != jobs[7].pk)
