"""Claiming: what is most urgent, once, with a token that only rises."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_jobs.ids import uuid7
from django_jobs.models import Job, Queue
from django_jobs.states import JobStatus, Outcome
from django_jobs.store import Report
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db


def claimed_ids(claims):
    return [claim.id for claim in claims]


def test_a_claim_carries_what_a_worker_needs(store):
    job = JobFactory(
        args=[1, "zwei", {"drei": [None, True, 2.5]}],
        kwargs={"name": "Zoë 🙂"},
        priority=7,
        max_attempts=4,
        timeout=timedelta(seconds=90),
        owner="shop.shop:7",
    )
    (claim,) = store.claim(uuid7(), "default", 5)
    job.refresh_from_db()
    for name in ("id", "name", "queue_name", "priority", "args", "kwargs", "max_attempts", "timeout", "owner"):
        assert getattr(claim, name) == getattr(job, name), name
    assert claim.waited == pytest.approx((job.started_at - job.run_after).total_seconds(), abs=0.001)
    assert claim.rescues == 0
    assert (claim.attempts, claim.claim_token) == (1, 1)


def test_a_claimed_job_runs_and_knows_its_worker(store):
    job = JobFactory(finished_at=timezone.now(), progress_current=5, progress_total=9, progress_message="half")
    worker = uuid7()
    before = store.now()
    store.claim(worker, "default", 1)
    job.refresh_from_db()
    assert (job.status, job.worker_id) == (JobStatus.RUNNING, worker)
    assert before <= job.started_at <= store.now()
    assert job.finished_at is None
    assert (job.progress_current, job.progress_total, job.progress_message) == (None, None, "")


def test_jobs_are_claimed_by_priority_then_time_then_id(store):
    now = timezone.now()
    ids = sorted((uuid7() for _ in range(6)), reverse=True)
    places = [
        (50, now),
        (0, now - timedelta(hours=3)),
        (0, now - timedelta(hours=2)),
        (0, now - timedelta(hours=1)),
        (-1, now - timedelta(days=9)),
        (-100, now - timedelta(days=10)),
    ]
    rows = [
        JobFactory(id=pk, priority=priority, run_after=moment)
        for pk, (priority, moment) in zip(ids, places, strict=True)
    ]
    assert claimed_ids(store.claim(uuid7(), "default", 4)) == [row.pk for row in rows[:4]]
    assert claimed_ids(store.claim(uuid7(), "default", 4)) == [row.pk for row in rows[4:]]


def test_older_ids_come_first_among_equals(store):
    now = timezone.now()
    ids = sorted(uuid7() for _ in range(5))
    for pk in reversed(ids):
        JobFactory(id=pk, run_after=now)
    assert claimed_ids(store.claim(uuid7(), "default", 5)) == ids


def test_no_more_are_claimed_than_asked_for(store):
    JobFactory.create_batch(5)
    assert len(store.claim(uuid7(), "default", 3)) == 3
    assert len(store.claim(uuid7(), "default", 3)) == 2
    assert store.claim(uuid7(), "default", 3) == []


def test_one_queue_is_claimed_from_at_a_time(store):
    mail = JobFactory(queue_name="mail")
    JobFactory(queue_name="reports", priority=100)
    assert claimed_ids(store.claim(uuid7(), "mail", 5)) == [mail.pk]
    assert store.claim(uuid7(), "nothing here", 5) == []


@pytest.mark.parametrize("status", [status for status in JobStatus if status != JobStatus.PENDING])
def test_only_pending_jobs_are_claimed(store, status):
    job = JobFactory(**{status.value: True})
    assert store.claim(uuid7(), "default", 5) == []
    before, after = job.claim_token, Job.objects.get(pk=job.pk).claim_token
    assert before == after


def test_every_claim_raises_token_and_attempts(store):
    job = JobFactory(max_attempts=10)
    for number in range(1, 4):
        (claim,) = store.claim(uuid7(), "default", 1)
        assert (claim.id, claim.claim_token, claim.attempts) == (job.pk, number, number)
        store.finish([Report(claim.id, claim.claim_token, Outcome.RESCUED, rescued=True)])


def test_a_release_gives_the_attempt_back_but_never_the_token(store):
    JobFactory()
    for number in range(1, 4):
        (claim,) = store.claim(uuid7(), "default", 1)
        assert (claim.claim_token, claim.attempts) == (number, 1)
        store.finish([Report(claim.id, claim.claim_token, Outcome.RELEASED, refunds=True)])


def test_the_queues_with_pending_jobs_are_named_once_each(store):
    JobFactory.create_batch(3, queue_name="mail")
    JobFactory(queue_name="default")
    JobFactory(queue_name="a b% é")
    for status in ("scheduled", "running", "completed"):
        JobFactory(queue_name=status, **{status: True})
    assert sorted(store.pending_queues()) == ["a b% é", "default", "mail"]


def test_there_are_no_queues_where_nothing_is_pending(store):
    JobFactory(scheduled=True)
    assert store.pending_queues() == []


def test_a_paused_queue_gives_no_jobs_until_it_is_resumed(store):
    JobFactory(queue_name="mail")
    Queue.objects.pause("mail", "empty")
    assert store.pending_queues() == ["mail"]
    assert store.survey() == ([], False)
    assert store.claim(uuid7(), "mail", 10) == []
    Queue.objects.resume("mail")
    assert store.survey() == (["mail"], False)
    assert len(store.claim(uuid7(), "mail", 10)) == 1


def test_pausing_one_queue_holds_no_other(store):
    JobFactory(queue_name="mail")
    Queue.objects.pause("reports")
    assert len(store.claim(uuid7(), "mail", 10)) == 1


def test_pausing_and_resuming_tell_how_many_queues_changed(db):
    assert Queue.objects.pause("mail", "reports") == 2
    assert Queue.objects.pause("mail") == 0
    assert Queue.objects.resume("mail", "unheard of") == 1
    assert set(Queue.objects.paused().values_list("name", flat=True)) == {"reports"}


def test_a_survey_tells_where_there_is_something_to_do(store):
    assert store.survey() == ([], False)
    JobFactory(queue_name="mail")
    JobFactory(queue_name="mail")
    JobFactory(queue_name="reports")
    JobFactory(scheduled=True, run_after=timezone.now() + timedelta(hours=1))
    assert store.survey() == (["mail", "reports"], False)
    JobFactory(scheduled=True, run_after=timezone.now() - timedelta(seconds=5))
    assert store.survey() == (["mail", "reports"], True)
