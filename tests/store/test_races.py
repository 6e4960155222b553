"""Several connections at once, each with a real one of its own."""

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from django_jobs.ids import uuid7
from django_jobs.models import Job
from django_jobs.states import JobStatus, Outcome, Verb
from django_jobs.store import Progress, Report
from tests.factories import JobFactory

from .meanwhile import LONG, Elsewhere, all_at_once, held_open, tell_the_planner, unhindered

pytestmark = pytest.mark.django_db(transaction=True)

S = JobStatus


def test_two_claimers_never_get_the_same_job(store):
    Job.objects.bulk_create(JobFactory.build_batch(120))

    def claim_all():
        worker, mine = uuid7(), []
        while claims := store.retrying(lambda: store.claim(worker, "default", 7)):
            mine += claims
        return [(claim.id, worker) for claim in mine]

    claimed = [pair for part in all_at_once(*[claim_all] * 4) for pair in part]
    assert len(claimed) == len({pk for pk, _ in claimed}) == 120
    assert set(Job.objects.values_list("pk", "worker_id")) == set(claimed)
    assert set(Job.objects.values_list("claim_token", "attempts")) == {(1, 1)}


def test_one_claim_is_finished_once_however_many_try(store):
    job = JobFactory(running=True)

    def finish(outcome):
        return lambda: store.retrying(lambda: store.finish([Report(job.pk, 1, outcome, error=outcome.value)]))

    answers = all_at_once(*map(finish, [Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED, Outcome.RESCUED]))
    (answer,) = filter(None, answers)
    job.refresh_from_db()
    assert job.status == answer[job.pk]


def test_a_verb_that_meets_a_deadlock_is_tried_again(store, monkeypatch):
    record, take, met = JobFactory(pending=True), type(store).take, []

    def unlucky(self, *args, **options):
        if not met:
            met.append(1)
            raise OperationalError("deadlock")
        return take(self, *args, **options)

    monkeypatch.setattr(type(store), "take", unlucky)
    monkeypatch.setattr(type(store), "is_transient", lambda self, error: True)
    assert record.cancel()
    assert met


def test_reports_in_any_order_never_deadlock(store):
    Job.objects.bulk_create(JobFactory.build_batch(200, status=S.RUNNING, attempts=1, claim_token=1))
    ids = list(Job.objects.values_list("pk", flat=True))
    reports = [Report(pk, 1, Outcome.COMPLETED) for pk in ids]
    answers = all_at_once(
        lambda: store.retrying(lambda: store.finish(reports)),
        lambda: store.retrying(lambda: store.finish(reports[::-1])),
        lambda: store.retrying(lambda: store.move(ids[::-1], Verb.CANCEL, {})),
    )
    assert sum(map(len, answers)) == 200
    assert not set(answers[0]) & set(answers[1])


def test_what_is_due_is_promoted_once_by_any_number_of_workers(store):
    due = JobFactory.build_batch(100, status=S.SCHEDULED, run_after=timezone.now() - timedelta(seconds=1))
    Job.objects.bulk_create(due)

    def promote_all():
        count = 0
        while moved := store.retrying(lambda: store.promote(9)):
            count += moved
        return count

    assert sum(all_at_once(*[promote_all] * 3)) == 100
    assert Job.objects.pending().count() == 100


def test_a_job_is_cancelled_or_claimed_but_not_both(store):
    jobs = JobFactory.create_batch(30)
    ids = [job.pk for job in jobs]
    cancelled, claims = all_at_once(
        lambda: store.retrying(lambda: store.move(ids, Verb.CANCEL, {}, but=S.RUNNING)),
        lambda: store.retrying(lambda: store.claim(uuid7(), "default", 30)),
    )
    claimed = [claim.id for claim in claims]
    assert sorted([*cancelled, *claimed]) == sorted(set(cancelled) | set(claimed))
    assert set(Job.objects.cancelled().values_list("pk", flat=True)) == set(cancelled)
    assert set(Job.objects.running().values_list("pk", flat=True)) == set(claimed)


@pytest.mark.only_on("postgresql", "mysql")
def test_a_claim_does_not_wait_for_a_job_that_somebody_else_is_taking(store):
    urgent, other = JobFactory(priority=9), JobFactory()
    with held_open(lambda: store.claim(uuid7(), "default", 1)) as (held,):
        assert held.id == urgent.pk
        (claim,) = unhindered(lambda: store.claim(uuid7(), "default", 5))
        assert claim.id == other.pk


@pytest.mark.only_on("postgresql", "mysql")
def test_a_completion_does_not_wait_for_other_jobs_of_a_small_table(store):
    others = [JobFactory(running=True) for _ in range(3)]
    job = JobFactory(running=True)
    tell_the_planner()
    report = Report(job.pk, job.claim_token, Outcome.COMPLETED, "1")
    with held_open(lambda: Job.objects.filter(pk__in=[other.pk for other in others]).update(priority=8)):
        told = {job.pk: Progress(1.0, 2.0, "")}
        assert unhindered(lambda: store.finish([report], told)) == {job.pk: S.COMPLETED}


@pytest.mark.only_on("postgresql", "mysql")
def test_a_promotion_does_not_wait_for_one_under_way(store):
    first = JobFactory(due=True, run_after=timezone.now() - timedelta(days=1))
    JobFactory(due=True)
    with held_open(lambda: store.promote(1)):
        assert unhindered(lambda: store.promote(5)) == 1
        assert Job.objects.get(pk=first.pk).status == S.SCHEDULED


@pytest.mark.only_on("postgresql", "mysql")
def test_a_job_that_is_being_written_is_left_to_the_next_claim(store):
    job, other = JobFactory(priority=9), JobFactory()
    with held_open(lambda: Job.objects.filter(pk=job.pk).update(priority=8)):
        claims = unhindered(lambda: store.claim(uuid7(), "default", 5))
        assert [claim.id for claim in claims] == [other.pk]
    assert [claim.id for claim in store.claim(uuid7(), "default", 5)] == [job.pk]


@pytest.mark.only_on("sqlite")
def test_a_locked_database_is_tried_again_until_it_is_free(store):
    JobFactory()
    connection.cursor().execute("PRAGMA busy_timeout = 0")
    was_locked = threading.Event()

    def claim():
        try:
            return store.claim(uuid7(), "default", 1)
        except OperationalError:
            was_locked.set()
            raise

    with closing(sqlite3.connect(connection.settings_dict["NAME"], check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")

        def let_go():
            was_locked.wait(LONG)
            other.rollback()

        letting_go = Elsewhere(let_go)
        claims = store.retrying(claim)
        letting_go.value()
    connection.close()  # and with it the short patience
    assert was_locked.is_set()
    assert len(claims) == 1


@pytest.mark.only_on("sqlite")
def test_a_database_that_stays_locked_is_given_up_in_the_end(store, monkeypatch):
    monkeypatch.setattr("django_jobs.store.base.TRIES", 2)
    connection.cursor().execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="database is locked"):
            store.retrying(lambda: store.claim(uuid7(), "default", 1))
        other.rollback()
    connection.close()


@pytest.mark.only_on("postgresql", "mysql")
def test_a_deadlock_is_tried_again_and_costs_nobody_anything(store):
    one, two = JobFactory(), JobFactory()
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def rename(first, second, name):
        def operation():
            tries.append(name)
            with transaction.atomic():
                Job.objects.filter(pk=first.pk).update(owner=name)
                if len(tries) <= 2:
                    both_hold_one.wait(LONG)
                Job.objects.filter(pk=second.pk).update(owner=name)

        return lambda: store.retrying(operation)

    all_at_once(rename(one, two, "a"), rename(two, one, "b"))
    assert len(tries) == 3  # both tried, the victim tried again
    assert len(set(Job.objects.values_list("owner", flat=True))) == 1


def test_nothing_is_tried_again_inside_somebody_elses_transaction(store):
    tries = []

    def operation():
        tries.append(1)
        error = OperationalError(1213, "Deadlock found")
        raise error

    with pytest.raises(OperationalError), transaction.atomic():
        store.retrying(operation)
    assert len(tries) == 1


def test_a_cancel_request_that_comes_while_a_job_fails_keeps_it_from_running_again(store):
    job = JobFactory(running=True)
    cancelled, answer = all_at_once(
        lambda: store.retrying(lambda: Job.objects.filter(pk=job.pk).cancel("enough")),
        lambda: store.retrying(lambda: store.finish([Report(job.pk, 1, Outcome.RETRY, delay=timedelta(hours=1))])),
    )
    assert cancelled == 1
    assert len(answer) == 1
    job.refresh_from_db()
    assert (job.status, job.cancel_reason) == (S.CANCELLED, "enough")
