"""The table of moves: every verb from every status either moves or raises."""

from itertools import product

import pytest

from django_jobs.exceptions import IllegalMove
from django_jobs.states import (
    FINISHED,
    MOVES,
    OUTCOME_VERBS,
    UNFINISHED,
    JobStatus,
    Outcome,
    Verb,
    arrival,
)

S = JobStatus

# Written out once more, by hand, from the diagram in the docs: the table in the code must agree with it.
ALLOWED = {
    (Verb.CLAIM, S.PENDING): S.RUNNING,
    (Verb.PROMOTE, S.SCHEDULED): S.PENDING,
    (Verb.PROMOTE, S.WAITING): S.PENDING,
    (Verb.RUN_NOW, S.SCHEDULED): S.PENDING,
    (Verb.CANCEL, S.SCHEDULED): S.CANCELLED,
    (Verb.CANCEL, S.WAITING): S.CANCELLED,
    (Verb.CANCEL, S.PENDING): S.CANCELLED,
    (Verb.CANCEL, S.RUNNING): S.CANCELLED,
    (Verb.RETRY, S.COMPLETED): S.PENDING,
    (Verb.RETRY, S.FAILED): S.PENDING,
    (Verb.RETRY, S.CANCELLED): S.PENDING,
    (Verb.COMPLETE, S.RUNNING): S.COMPLETED,
    (Verb.FAIL, S.RUNNING): S.FAILED,
    (Verb.BACK_OFF, S.RUNNING): S.SCHEDULED,
    (Verb.GIVE_BACK, S.RUNNING): S.PENDING,
}


@pytest.mark.parametrize(("verb", "status"), list(product(Verb, JobStatus)), ids=str)
def test_every_verb_from_every_status_either_moves_or_raises(verb, status):
    if (verb, status) in ALLOWED:
        assert arrival(verb, status) == ALLOWED[verb, status]
    else:
        with pytest.raises(IllegalMove, match=f"A {status.value} job cannot {verb.value}"):
            arrival(verb, status)


def test_every_verb_has_one_move():
    assert set(MOVES) == set(Verb)


def test_every_outcome_moves_a_running_job():
    assert set(OUTCOME_VERBS) == set(Outcome)
    assert all(arrival(verb, S.RUNNING) for verb in OUTCOME_VERBS.values())


def test_a_finished_job_is_left_by_retry_alone():
    leaving = {verb for verb, move in MOVES.items() if move.sources & FINISHED}
    assert leaving == {Verb.RETRY}


def test_every_status_is_finished_or_not():
    assert set(JobStatus) == FINISHED | UNFINISHED
    assert not FINISHED & UNFINISHED


def test_every_unfinished_status_can_be_cancelled():
    assert MOVES[Verb.CANCEL].sources == UNFINISHED


def test_every_status_can_be_reached_and_left():
    reached = {move.target for move in MOVES.values()}
    left = frozenset[JobStatus]().union(*(move.sources for move in MOVES.values()))
    # a waiting job begins so: it is enqueued behind others
    assert reached == set(JobStatus) - {S.WAITING}
    assert left == set(JobStatus)
