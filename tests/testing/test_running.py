"""`django_jobs.testing`: jobs run here and now, inside a test's transaction."""

import logging
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import TestCase
from django.utils import timezone

from django_jobs import Retry, Snooze, current_job, signals
from django_jobs import testing as public
from django_jobs.models import Attempt, Job, JobEvent, JobLog
from django_jobs.states import JobStatus, Outcome
from django_jobs.testing import run_job, running
from tests.factories import JobFactory
from tests.jobs import add, add_async, echo, enqueue_another, fail, give_up, retry_later, snooze, talk

pytestmark = pytest.mark.django_db

S = JobStatus


def statuses(jobs):
    return [job.status for job in jobs]


def test_the_promised_helpers_are_all_there():
    assert set(public.__all__) == {"enqueued_jobs", "run_job", "run_jobs"}
    assert all(callable(getattr(public, name)) for name in public.__all__)


def test_all_due_jobs_run_and_come_back_as_they_ended(run_jobs):
    one, two, three = echo.enqueue(1), add.enqueue(1, 2), give_up.enqueue("no use")
    ran = run_jobs()
    assert ran == [one, two, three]
    assert [(job.status, job.result, job.error) for job in ran] == [
        (S.COMPLETED, 1, ""),
        (S.COMPLETED, 3, ""),
        (S.FAILED, None, "no use"),
    ]


def test_jobs_run_in_the_order_in_which_a_worker_would_claim_them(run_jobs):
    low, normal, high = (echo.using(priority=priority).enqueue() for priority in ("low", "normal", "high"))
    assert run_jobs() == [high, normal, low]


def test_nothing_to_run_runs_nothing(run_jobs):
    assert run_jobs() == []


def test_only_the_named_queues_run(run_jobs):
    mail, report = echo.using(queue_name="mail").enqueue(), echo.using(queue_name="reports").enqueue()
    default = echo.enqueue()
    assert run_jobs("mail") == [mail]
    assert set(run_jobs("reports", "default")) == {report, default}


def test_jobs_that_jobs_enqueue_run_too(run_jobs):
    outer = enqueue_another.enqueue(5)
    ran = run_jobs()
    assert ran[0] == outer
    assert [(job.name, job.result) for job in ran[1:]] == [("tests.echo", 5)]


def test_async_handlers_run(run_jobs):
    add_async.enqueue(2, 3)
    assert [job.result for job in run_jobs()] == [5]


def test_what_is_for_later_waits(run_jobs):
    later, due = JobFactory(scheduled=True), JobFactory(due=True)
    assert run_jobs() == [due]
    later.refresh_from_db()
    assert later.status == S.SCHEDULED


def test_time_can_be_made_to_pass(run_jobs):
    later = echo.using(delay=timedelta(days=365)).enqueue(7)
    (ran,) = run_jobs(scheduled=True)
    assert (ran, ran.result) == (later, 7)


def test_a_failed_attempt_waits_for_its_backoff(run_jobs, settings):
    settings.JOBS = {"BACKOFF_BASE": 60, "BACKOFF_JITTER": 0}
    job = fail.enqueue("broken")
    before = timezone.now()
    (ran,) = run_jobs()
    assert (ran.status, ran.attempts, ran.error) == (S.SCHEDULED, 1, "ValueError: broken")
    assert before + timedelta(seconds=60) <= ran.run_after <= timezone.now() + timedelta(seconds=60)
    assert run_jobs() == []
    assert job.history.get().outcome == Outcome.RETRY


def test_every_retry_runs_when_time_passes(run_jobs):
    fail.enqueue("broken")
    (ran,) = run_jobs(scheduled=True)
    assert (ran.status, ran.attempts) == (S.FAILED, 3)
    assert list(Attempt.objects.values_list("number", "outcome")) == [(1, "retry"), (2, "retry"), (3, "failed")]
    assert "ValueError: broken" in Attempt.objects.last().traceback


def test_a_handlers_words_choose_the_outcome(run_jobs):
    retried, snoozed = retry_later.using(max_attempts=2).enqueue(delay=90), snooze.enqueue(delay=90)
    run_jobs()
    for job, attempts in ((retried, 1), (snoozed, 0)):
        job.refresh_from_db()
        assert (job.status, job.attempts) == (S.SCHEDULED, attempts)
        assert job.run_after > timezone.now() + timedelta(seconds=60)
    retried.run_now()
    (ran,) = run_jobs()
    assert (ran.status, ran.error) == (S.FAILED, "not yet")


def test_an_async_handler_reads_its_row(run_jobs, make_handler):
    async def read() -> str:
        return str((await current_job.arecord()).pk)

    record = make_handler(read).enqueue()
    (ran,) = run_jobs()
    assert (ran.status, ran.result) == (S.COMPLETED, str(record.pk))


def test_jobs_that_never_end_are_stopped_by_the_limit(run_jobs, make_handler):
    def again() -> None:
        handler.enqueue()

    handler = make_handler(again)
    handler.enqueue()
    assert len(run_jobs(limit=7)) == 7
    assert Job.objects.pending().count() == 1


def test_jobs_that_never_end_are_an_error_where_no_limit_was_given(run_jobs, monkeypatch):
    monkeypatch.setattr(running, "MOST_ATTEMPTS", 5)
    record = snooze.enqueue(delay=60)
    with pytest.raises(RuntimeError, match=rf"made 5 attempts without an end; the last job that came was {record.pk}"):
        run_job(record)


def test_a_snooze_for_ever_is_stopped_by_the_limit(run_jobs):
    snooze.enqueue(delay=60)
    (ran,) = run_jobs(scheduled=True, limit=5)
    assert (ran.status, ran.attempts, ran.claim_token) == (S.SCHEDULED, 0, 5)


def test_an_unknown_handler_fails_the_job_with_the_reason(run_jobs):
    JobFactory(name="tests.ehco")
    (ran,) = run_jobs()
    assert ran.status == S.FAILED
    assert "No handler is registered under 'tests.ehco'. Did you mean 'tests.echo'" in ran.error


def test_a_job_tells_its_progress_logs_and_events(run_jobs):
    job = talk.enqueue(lines=2)
    (ran,) = run_jobs()
    assert (ran.progress_current, ran.progress_total, ran.progress_message) == (2, 2, "line 2")
    lines = JobLog.objects.filter(job=job).values_list("level", "message", "attempt")
    assert list(lines) == [
        (logging.WARNING, "line 1", 1),
        (logging.INFO, "step", 1),
        (logging.WARNING, "line 2", 1),
        (logging.INFO, "step", 1),
    ]
    event = JobEvent.objects.get(job=job)
    assert (event.name, event.data) == ("spoken", {"lines": 2})


def test_a_handler_knows_its_job(run_jobs, make_handler):
    def look() -> list[object]:
        assert current_job.record.status == S.RUNNING
        return [
            str(current_job.id),
            current_job.name,
            current_job.attempt,
            current_job.is_last_attempt,
            current_job.owner,
        ]

    handler = make_handler(look, max_attempts=1)
    job = handler.using(owner="me").enqueue()
    (ran,) = run_jobs()
    assert ran.result == [str(job.pk), handler.name, 1, True, "me"]
    assert not current_job


@pytest.fixture
def story():
    """Collect which signals were sent, and the status that their jobs had."""
    told: list[str] = []

    def teller(word: str):
        return lambda job, **_: told.append(f"{word} {job.status}")

    words = ("started", "progressed", "logged", "event", "retrying", "completed", "failed", "cancelled")
    receivers = [(getattr(signals, f"job_{word}"), teller(word)) for word in words]
    for signal, receiver in receivers:
        signal.connect(receiver)
    yield told
    for signal, receiver in receivers:
        signal.disconnect(receiver)


def test_signals_tell_the_whole_story_in_order(run_jobs, make_handler, story):
    def flaky() -> None:
        current_job.log.info("trying")
        current_job.progress(50)
        current_job.emit("tried")
        if current_job.attempt == 1:
            raise Retry("not yet")

    make_handler(flaky).enqueue()
    run_jobs(scheduled=True)
    attempt = ["started running", "logged running", "progressed running", "event running"]
    assert story == [*attempt, "retrying scheduled", *attempt, "completed completed"]


def test_on_error_hears_of_the_last_failure_only(run_jobs, make_handler):
    heard: list[str] = []

    def broken() -> None:
        raise ValueError(f"attempt {current_job.attempt}")

    handler = make_handler(broken, max_attempts=2, on_error=lambda job, error: heard.append(f"{job.status}: {error}"))
    handler.enqueue()
    run_jobs(scheduled=True)
    assert heard == ["failed: attempt 2"]


def test_a_receiver_and_a_callback_that_raise_harm_no_job(run_jobs, make_handler, caplog):
    def broken(*_, **__) -> None:
        raise RuntimeError("broken listener")

    handler = make_handler(lambda: 1 / 0, max_attempts=1, on_error=broken)
    handler.enqueue()
    after = echo.enqueue(7)
    signals.job_failed.connect(broken)
    try:
        ran = run_jobs()
    finally:
        signals.job_failed.disconnect(broken)
    assert statuses(ran) == [S.FAILED, S.COMPLETED]
    assert ran[1] == after
    assert caplog.text.count("broken listener") >= 2


def test_a_cancelled_job_does_not_run(run_jobs):
    job = echo.enqueue()
    job.cancel()
    assert run_jobs() == []


def test_a_job_that_is_cancelled_while_it_fails_does_not_run_again(run_jobs, make_handler):
    def cancel_itself() -> None:
        current_job.record.cancel("enough")
        raise ValueError("broken")

    make_handler(cancel_itself).enqueue()
    (ran,) = run_jobs(scheduled=True)
    assert (ran.status, ran.attempts, ran.cancel_reason) == (S.CANCELLED, 1, "enough")


def test_one_job_can_be_run_to_its_end():
    job = fail.enqueue()
    assert run_job(job) is job
    assert (job.status, job.attempts) == (S.FAILED, 3)


def test_jobs_that_were_enqueued_can_be_asked_for(enqueued_jobs):
    first, second, third = echo.enqueue(1), add.enqueue(1), echo.using(delay=60).enqueue(2)
    JobFactory(completed=True)
    assert list(enqueued_jobs()) == [first, second, third]
    assert list(enqueued_jobs(echo)) == list(enqueued_jobs("tests.echo")) == [first, third]
    assert not enqueued_jobs("tests.fail").exists()


def test_an_atomic_handler_commits_with_its_job_or_not_at_all(run_jobs, make_handler):
    def write(how: str) -> None:
        JobFactory(name=f"written {how}", scheduled=True)
        if how == "badly":
            raise ValueError(how)

    handler = make_handler(write, atomic=True, max_attempts=1)
    handler.enqueue("well"), handler.enqueue("badly")
    assert statuses(run_jobs()) == [S.COMPLETED, S.FAILED]
    assert Job.objects.named("written well").count() == 1
    assert Job.objects.named("written badly").count() == 0


def test_a_failed_query_in_a_handler_spoils_no_test(run_jobs, make_handler):
    def break_the_database() -> None:
        with transaction.atomic():
            connection.cursor().execute("SELECT * FROM no_such_table")

    make_handler(break_the_database, max_attempts=1).enqueue()
    (ran,) = run_jobs()
    assert ran.status == S.FAILED
    assert "no_such_table" in ran.error


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_handler_runs_but_its_own(run_jobs, make_handler):
    def look() -> bool:
        return connection.in_atomic_block

    make_handler(look).enqueue()
    make_handler(look, atomic=True).enqueue()
    assert [job.result for job in run_jobs()] == [False, True]


def test_a_snooze_that_reads_text_waits_as_long(run_jobs, make_handler):
    def put_off() -> None:
        raise Snooze("2m")

    make_handler(put_off).enqueue()
    (ran,) = run_jobs()
    assert ran.run_after > timezone.now() + timedelta(seconds=110)


class InsideATestCase(TestCase):
    """The same in the oldest way of writing Django's tests."""

    def test_jobs_run_inside_a_test_cases_transaction(self) -> None:
        job = echo.enqueue("here")
        assert connection.in_atomic_block
        assert [ran.result for ran in public.run_jobs()] == ["here"]
        job.refresh_from_db()
        assert job.status == S.COMPLETED
