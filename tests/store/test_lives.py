"""Any life of a job, however unlikely: the row always stands where the table of moves says."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from django_jobs.ids import uuid7
from django_jobs.models import Job
from django_jobs.states import FINISHED, MOVES, OUTCOME_VERBS, JobStatus, Outcome, Verb
from django_jobs.store import Progress, Report, Store, get_store
from tests.factories import JobFactory

S = JobStatus
AGAIN = {S.PENDING, S.SCHEDULED}


class Life(RuleBasedStateMachine):
    """A job, and what it should be by the table of moves alone."""

    def __init__(self):
        super().__init__()
        self.store = get_store("default")
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.pk = JobFactory(max_attempts=100).pk
        self.status, self.attempts, self.token, self.is_cancelled = S.PENDING, 0, 0, False

    def teardown(self):
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    @property
    def job(self):
        return Job.objects.get(pk=self.pk)

    def can(self, verb):
        return self.status in MOVES[verb].sources

    @rule()
    def claim(self):
        claims = self.store.claim(uuid7(), "default", 5)
        assert bool(claims) == self.can(Verb.CLAIM)
        if claims:
            self.status, self.attempts, self.token = S.RUNNING, self.attempts + 1, self.token + 1
            assert (claims[0].attempts, claims[0].claim_token) == (self.attempts, self.token)

    @rule(outcome=st.sampled_from(Outcome), refunds=st.booleans())
    def finish(self, outcome, refunds):
        report = Report(self.pk, self.token, outcome, error="ended", delay=timedelta(hours=1), refunds=refunds)
        answer = self.store.finish([report])
        if self.status != S.RUNNING:
            assert answer == {}
            return
        self.status = MOVES[OUTCOME_VERBS[outcome]].target
        if self.status in AGAIN and self.is_cancelled:
            self.status = S.CANCELLED
        self.attempts -= refunds
        assert answer == {self.pk: self.status}

    @rule(result=st.sampled_from(["null", '{"rows": 7}']), progress=st.sampled_from([None, Progress(1.0, 2.0, "half")]))
    def complete(self, result, progress):
        report = Report(self.pk, self.token, Outcome.COMPLETED, result)
        answer = self.store.finish([report], progress and {self.pk: progress})
        assert answer == ({self.pk: S.COMPLETED} if self.status == S.RUNNING else {})
        if answer:
            self.status = S.COMPLETED
            assert self.job.result == json.loads(result)

    @rule(outcome=st.sampled_from(Outcome), distance=st.sampled_from([-1, 1]), result=st.sampled_from([None, "null"]))
    def finish_by_somebody_who_lost_the_claim(self, outcome, distance, result):
        assert self.store.finish([Report(self.pk, max(self.token + distance, 0), outcome, result)]) == {}

    @rule(distance=st.sampled_from([-1, 0, 1]))
    def progress(self, distance):
        token = max(self.token + distance, 0)
        stands = self.status == S.RUNNING and token == self.token
        assert [*self.store.progress([(self.pk, token, 1.0, 2.0, "half")])] == [self.pk] * stands

    @rule()
    def cancel(self):
        running = self.status == S.RUNNING
        assert self.job.cancel() == self.can(Verb.CANCEL)
        if self.can(Verb.CANCEL):
            self.is_cancelled = True
            self.status = S.RUNNING if running else S.CANCELLED

    @rule()
    def retry(self):
        assert self.job.retry() == self.can(Verb.RETRY)
        if self.can(Verb.RETRY):
            self.status, self.attempts, self.is_cancelled = S.PENDING, 0, False

    @rule()
    def run_now(self):
        assert self.job.run_now() == self.can(Verb.RUN_NOW)
        if self.can(Verb.RUN_NOW):
            self.status = S.PENDING

    @rule(is_due=st.booleans())
    def promote(self, is_due):
        if is_due:
            Job.objects.filter(pk=self.pk).update(run_after=self.store.now() - timedelta(seconds=1))
        moves = is_due and self.status == S.SCHEDULED
        assert self.store.promote() == moves
        if moves:
            self.status = S.PENDING

    @invariant()
    def the_row_is_where_the_table_says(self):
        row = self.job
        assert (row.status, row.attempts, row.claim_token) == (self.status, self.attempts, self.token)
        assert (row.finished_at is not None) == (self.status in FINISHED)
        assert (row.cancel_requested_at is not None) == self.is_cancelled


def live(examples=40):
    checks = [HealthCheck.too_slow, HealthCheck.differing_executors]
    told = settings(
        max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=checks, database=None,
        phases=[Phase.generate], derandomize=True,
    )  # fmt: skip
    run_state_machine_as_test(Life, settings=told)


@pytest.mark.django_db
def test_no_life_of_a_job_leaves_the_table_of_moves():
    live()


def mutant(name, change):
    """Return what makes the store do something else than it should: `change` gets the arguments, and gives others."""

    def apply(monkeypatch):
        usual = getattr(Store, name)
        monkeypatch.setattr(Store, name, lambda self, *args: usual(self, *change(self, *args)))

    return apply


def with_any_token(store, reports, *told):
    tokens = dict(Job.objects.filter(pk__in=[each.id for each in reports]).values_list("pk", "claim_token"))
    return ([each._replace(claim_token=tokens[each.id]) for each in reports], *told)


def without_refunds(store, reports, *told):
    return ([each._replace(refunds=False) for each in reports], *told)


def forgetting_cancel_requests(store, reports, *told):
    Job.objects.filter(pk__in=[each.id for each in reports]).update(cancel_requested_at=None)
    return reports, *told


def with_any_progress(store, rows):
    tokens = dict(Job.objects.filter(pk__in=[pk for pk, *_ in rows]).values_list("pk", "claim_token"))
    return ([(pk, tokens[pk], *said) for pk, _token, *said in rows],)


def from_anywhere(store, ids, statuses, changes):
    return ids, set(JobStatus), changes


def keeping_attempts(store, ids, statuses, changes):
    return ids, statuses, {name: value for name, value in changes.items() if name != "attempts"}


@pytest.mark.only_on("sqlite")  # what is tried here is the model, and not the database
@pytest.mark.django_db
@pytest.mark.parametrize(
    "seed",
    [
        mutant("finish", with_any_token),
        mutant("finish", without_refunds),
        mutant("finish", forgetting_cancel_requests),
        mutant("progress", with_any_progress),
        mutant("change", from_anywhere),
        mutant("change", keeping_attempts),
    ],
    ids=[
        "no fence",
        "no refunds",
        "cancels forgotten",
        "no fence for progress",
        "moves from anywhere",
        "attempts kept",
    ],
)
def test_a_store_that_breaks_a_promise_is_found_out(monkeypatch, seed):
    seed(monkeypatch)
    with pytest.raises(AssertionError):
        live(examples=200)
