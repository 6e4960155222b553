"""Cancel, retry, run now: on one job and on many."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from django_jobs import querysets
from django_jobs.models import Job
from django_jobs.signals import job_cancelled
from django_jobs.states import FINISHED, UNFINISHED, JobStatus, Outcome
from django_jobs.store import Report, get_store
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db

S = JobStatus
UNSTARTED = sorted(UNFINISHED - {S.RUNNING})


def one_of_each() -> dict[JobStatus, Job]:
    return {status: JobFactory(**{status.value: True}) for status in JobStatus}


def row_of(job):
    return Job.objects.filter(pk=job.pk).values().get()


@pytest.fixture
def cancellations():
    """Collect what `job_cancelled` tells."""
    told: list[tuple[Job, str]] = []

    def receive(job, reason, **_):
        told.append((job, reason))

    job_cancelled.connect(receive)
    yield told
    job_cancelled.disconnect(receive)


@pytest.mark.parametrize("status", UNSTARTED)
def test_a_job_that_has_not_started_is_cancelled_at_once(status):
    job = JobFactory(**{status.value: True})
    assert job.cancel("no longer wanted") is True
    assert (job.status, job.cancel_reason) == (S.CANCELLED, "no longer wanted")
    assert job.error == "Cancelled: no longer wanted"
    assert job.finished_at == job.cancel_requested_at != None  # noqa: E711 - both at once
    assert job.cancel() is False


def test_a_cancel_needs_no_reason():
    job = JobFactory()
    assert job.cancel()
    assert (job.error, job.cancel_reason) == ("Cancelled before it started.", "")


def test_a_running_job_is_asked_to_stop_and_keeps_running_until_its_worker_does(cancellations):
    job = JobFactory(running=True)
    assert job.cancel("stop") is True
    assert (job.status, job.finished_at, job.cancel_reason) == (S.RUNNING, None, "stop")
    assert job.cancel_requested_at is not None
    assert cancellations == []


@pytest.mark.parametrize("status", sorted(FINISHED))
def test_a_finished_job_cannot_be_cancelled(status):
    job = JobFactory(**{status.value: True})
    before = row_of(job)
    assert job.cancel("too late") is False
    assert row_of(job) == before


def test_a_reason_that_is_too_long_is_cut():
    job = JobFactory()
    job.cancel("x" * 1000)
    assert len(job.cancel_reason) == 255
    assert "characters cut" in job.cancel_reason


def test_cancelling_many_counts_what_changed():
    jobs = one_of_each()
    assert Job.objects.all().cancel() == len(UNFINISHED)
    assert Job.objects.cancelled().count() == len(UNFINISHED) - 1 + 1  # the running one is only asked, one was before
    assert Job.objects.filter(pk=jobs[S.RUNNING].pk, cancel_requested_at__isnull=False).exists()
    assert {row_of(jobs[status])["status"] for status in (S.COMPLETED, S.FAILED)} == {S.COMPLETED, S.FAILED}


def test_a_verb_changes_only_the_jobs_it_was_asked_of():
    mine, other = JobFactory(owner="me"), JobFactory(owner="you")
    assert Job.objects.owned_by("me").cancel() == 1
    assert (row_of(mine)["status"], row_of(other)["status"]) == (S.CANCELLED, S.PENDING)


@pytest.mark.parametrize("status", sorted(FINISHED))
def test_a_finished_job_can_be_tried_again_with_all_its_attempts(status):
    job = JobFactory(
        **{status.value: True},
        rescues=2, cancel_reason="why", progress_current=1, progress_total=2, progress_message="half",
        run_after=timezone.now() - timedelta(days=2),
    )  # fmt: skip
    token, before = job.claim_token, get_store("default").now()
    assert job.retry() is True
    assert (job.status, job.attempts, job.rescues, job.claim_token) == (S.PENDING, 0, 0, token)
    assert (job.result, job.error, job.started_at, job.finished_at) == (None, "", None, None)
    assert (job.cancel_requested_at, job.cancel_reason) == (None, "")
    assert (job.progress_current, job.progress_total, job.progress_message) == (None, None, "")
    assert before <= job.run_after <= get_store("default").now()
    assert job.retry() is False


@pytest.mark.parametrize("status", sorted(UNFINISHED))
def test_a_job_that_has_not_finished_cannot_be_tried_again(status):
    job = JobFactory(**{status.value: True})
    before = row_of(job)
    assert job.retry() is False
    assert row_of(job) == before


def test_all_failed_jobs_can_be_tried_again_at_once():
    one_of_each()
    JobFactory(failed=True, name="mail.send")
    assert Job.objects.failed().named("mail.send").retry() == 1
    assert Job.objects.all().retry() == len(FINISHED)
    assert not Job.objects.finished().exists()


def test_a_scheduled_job_can_run_now():
    job, before = JobFactory(scheduled=True), get_store("default").now()
    assert job.run_now() is True
    assert job.status == S.PENDING
    assert before <= job.run_after <= get_store("default").now()
    assert job.run_now() is False


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {S.SCHEDULED}))
def test_only_a_scheduled_job_can_run_now(status):
    job = JobFactory(**{status.value: True})
    before = row_of(job)
    assert job.run_now() is False
    assert row_of(job) == before


def test_many_scheduled_jobs_can_run_now():
    one_of_each()
    JobFactory(scheduled=True)
    assert Job.objects.all().run_now() == 2


def test_verbs_go_through_any_number_of_jobs(monkeypatch):
    monkeypatch.setattr(querysets, "BATCH", 3)
    JobFactory.create_batch(10, scheduled=True)
    assert Job.objects.all().run_now() == 10
    assert Job.objects.all().cancel() == 10
    assert Job.objects.all().retry() == 10


@pytest.mark.parametrize("verb", ["cancel", "retry", "run_now"])
def test_a_job_that_was_deleted_cannot_be_changed(verb):
    job = JobFactory()
    Job.objects.all().delete()
    assert getattr(job, verb)() is False


def test_verbs_on_nothing_change_nothing():
    assert (Job.objects.all().cancel(), Job.objects.none().retry(), Job.objects.all().run_now()) == (0, 0, 0)


def test_a_cancelled_job_is_told_of_after_the_commit_only(cancellations, django_capture_on_commit_callbacks):
    jobs = {JobFactory(), JobFactory(scheduled=True)}
    with django_capture_on_commit_callbacks(execute=True):
        Job.objects.all().cancel("enough")
        assert cancellations == []
    assert {job for job, _ in cancellations} == jobs
    assert {(job.status, reason) for job, reason in cancellations} == {(S.CANCELLED, "enough")}


def test_a_cancel_that_is_rolled_back_is_told_to_nobody(cancellations, django_capture_on_commit_callbacks):
    job = JobFactory()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        job.cancel()
        transaction.set_rollback(True)
    assert cancellations == []
    assert row_of(job)["status"] == S.PENDING


def test_a_receiver_that_raises_harms_no_cancel(django_capture_on_commit_callbacks, caplog):
    def receive(**_):
        raise ValueError("broken receiver")

    job_cancelled.connect(receive)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            assert JobFactory().cancel()
    finally:
        job_cancelled.disconnect(receive)
    assert "broken receiver" in caplog.text


def test_nobody_listening_costs_nothing(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        JobFactory().cancel()
    assert callbacks == []


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.RELEASED])
def test_a_job_that_comes_back_while_it_is_cancelled_does_not_slip_through(monkeypatch, outcome):
    job = JobFactory(running=True)
    store = get_store("default")
    plain_move = type(store).move

    def move_then_meet_a_finish(self, *args, **options):
        moved = plain_move(self, *args, **options)
        self.finish([Report(job.pk, job.claim_token, outcome, delay=timedelta(hours=1))])
        return moved

    monkeypatch.setattr(type(store), "move", move_then_meet_a_finish)
    assert job.cancel("now") is True
    assert (job.status, job.cancel_reason) == (S.CANCELLED, "now")


def test_a_job_that_finishes_while_it_is_cancelled_stays_finished(monkeypatch):
    job = JobFactory(running=True)
    store = get_store("default")
    plain_move = type(store).move

    def move_then_meet_a_finish(self, *args, **options):
        moved = plain_move(self, *args, **options)
        self.finish([Report(job.pk, job.claim_token, Outcome.COMPLETED, result="1")])
        return moved

    monkeypatch.setattr(type(store), "move", move_then_meet_a_finish)
    assert job.cancel() is False
    assert (job.status, job.cancel_requested_at) == (S.COMPLETED, None)
