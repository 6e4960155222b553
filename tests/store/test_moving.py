"""Promoting and moving: the table of moves, held by SQL."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from django_jobs.ids import uuid7
from django_jobs.models import Job
from django_jobs.states import MOVES, JobStatus, Verb
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db

S = JobStatus


def row_of(job):
    return Job.objects.filter(pk=job.pk).values().get()


@pytest.mark.parametrize(("verb", "status"), list(product(Verb, JobStatus)), ids=str)
def test_every_verb_moves_a_job_or_leaves_it_untouched(store, verb, status):
    job = JobFactory(**{status.value: True})
    before = row_of(job)
    moved = store.move([job.pk], verb, {"error": "moved"})
    if status in MOVES[verb].sources:
        assert moved == [job.pk]
        assert row_of(job) == {**before, "status": MOVES[verb].target, "error": "moved"}
    else:
        assert moved == []
        assert row_of(job) == before


def test_a_status_can_be_excepted_from_a_move(store):
    pending, running = JobFactory(), JobFactory(running=True)
    assert store.move([pending.pk, running.pk], Verb.CANCEL, {}, but=S.RUNNING) == [pending.pk]
    assert row_of(running)["status"] == S.RUNNING


def test_only_the_named_jobs_move(store):
    named, other = JobFactory(failed=True), JobFactory(failed=True)
    assert store.move([named.pk, uuid7()], Verb.RETRY, {}) == [named.pk]
    assert row_of(other)["status"] == S.FAILED


def test_nothing_to_move_asks_nothing(store, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert store.move([], Verb.CANCEL, {}) == []


def test_a_move_writes_values_of_every_kind(store):
    job = JobFactory(failed=True, result={"a": 1})
    moment = timezone.now() - timedelta(days=3)
    store.move([job.pk], Verb.RETRY, {"result": None, "run_after": moment, "progress_total": 2.5, "finished_at": None})
    row = row_of(job)
    assert (row["result"], row["run_after"], row["progress_total"], row["finished_at"]) == (None, moment, 2.5, None)
    assert Job.objects.filter(pk=job.pk, result__isnull=True).exists()


def test_what_is_due_is_promoted_and_nothing_else(store):
    due, later = JobFactory(due=True), JobFactory(scheduled=True)
    waiting = JobFactory(waiting=True, run_after=timezone.now() - timedelta(days=1))
    assert store.promote() == 1
    assert [row_of(job)["status"] for job in (due, later, waiting)] == [S.PENDING, S.SCHEDULED, S.WAITING]


def test_promoting_keeps_the_time_a_job_was_due(store):
    job = JobFactory(due=True)
    before = row_of(job)
    store.promote()
    assert row_of(job) == {**before, "status": S.PENDING}


def test_the_longest_due_are_promoted_first(store):
    now = timezone.now()
    jobs = [JobFactory(due=True, run_after=now - timedelta(minutes=minutes)) for minutes in (1, 3, 2, 5, 4)]
    assert store.promote(2) == 2
    promoted = set(Job.objects.pending().values_list("pk", flat=True))
    assert promoted == {jobs[3].pk, jobs[4].pk}
    assert (store.promote(2), store.promote(2), store.promote(2)) == (2, 1, 0)


@pytest.mark.only_on("postgresql", "mysql")
def test_a_host_whose_clock_is_ahead_promotes_nothing_early(store, monkeypatch):
    JobFactory(scheduled=True)
    ahead = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: ahead)
    assert store.promote() == 0


def test_the_databases_time_is_aware_and_now(store):
    told = store.now()
    assert timezone.is_aware(told)
    assert abs(told - timezone.now()) < timedelta(minutes=1)


def test_the_databases_time_is_naive_where_the_site_has_no_time_zones(store, settings):
    settings.USE_TZ = False
    assert timezone.is_naive(store.now())
    assert abs(store.now() - timezone.now()) < timedelta(minutes=1)
