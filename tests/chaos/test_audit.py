"""The auditor finds what is wrong: a record and a table that break one promise break that one alone."""

from collections import Counter
from typing import Any

import pytest

from tests.chaos.audit import Row, Tables, audit
from tests.chaos.journal import Line, Record
from tests.chaos.recovery import recoveries


def line(what: str, at: float = 0.0, **said: Any) -> Line:
    return Line(what, at, 1, {"job": "a", **said})


GOOD = [line("intended"), line("enqueued"), line("began", token=1), line("did"), line("ended", token=1)]
ROW = Row("a", "chaos.short", "completed")
ATOMIC = Row("a", "chaos.atomic", "completed")
CHILD = Row("b", "chaos.short", "completed", parent="a")


def broken(lines: list[Line], tables: Tables) -> list[str]:
    return [promise for promise, breaches in audit(Record(lines), tables).items() if breaches]


def test_a_job_that_ran_breaks_no_promise():
    assert broken([*GOOD, line("told", status="completed")], Tables([ROW])) == []


def test_an_atomic_job_that_the_hand_retried_may_have_a_row_for_each_completion():
    retried = [*GOOD, line("retried", status="completed", done=True)]
    assert broken(retried, Tables([ATOMIC], effects=Counter(a=2))) == []


def test_a_retry_whose_answer_was_lost_may_have_happened_or_not():
    unsure = [*GOOD, line("retried", status="completed", done=None)]
    for rows in (1, 2):
        assert broken(unsure, Tables([ATOMIC], effects=Counter(a=rows))) == []
    assert broken(unsure, Tables([ATOMIC], effects=Counter(a=3))) != []


BREACHES = {
    "committed jobs lost": (GOOD[:2], Tables([])),
    "jobs stuck": (GOOD, Tables([Row("a", "chaos.short", "running")])),
    "rolled-back jobs that exist or ran": ([line("intended"), line("rolled back"), *GOOD[2:]], Tables([ROW])),
    "jobs that nobody enqueued": (GOOD[2:], Tables([ROW])),
    "jobs completed without having run": (GOOD[:2], Tables([ROW])),
    "jobs ended without a reason": (GOOD, Tables([Row("a", "chaos.short", "failed")])),
    "attempts with two outcomes": (GOOD, Tables([ROW], attempts=[("a", 1, 1)])),
    "signals that told an untruth": ([*GOOD, line("told", status="failed")], Tables([ROW])),
    "atomic jobs whose rows are not exactly one": (GOOD, Tables([ATOMIC], effects=Counter(a=2))),
    "atomic jobs whose children are not exactly one": (
        [*GOOD, line("intended", job="b"), line("did", job="b")],
        Tables([Row("a", "chaos.atomic_parent", "failed", error="no"), CHILD]),
    ),
    "jobs tried beyond their limit": (GOOD, Tables([Row("a", "chaos.short", "completed", attempts=7)])),
}


@pytest.mark.parametrize("promise", BREACHES)
def test_a_breach_of_each_promise_is_found(promise):
    lines, tables = BREACHES[promise]
    assert broken(lines, tables) == [promise]


def test_a_job_told_to_have_ended_twice_is_found():
    told = line("told", status="completed")
    assert broken([*GOOD, told, told], Tables([ROW])) == ["attempts with two outcomes"]


def test_recovery_is_counted_from_the_kill_to_the_next_beginning():
    killed = line("killed", 2.0, pids=[7], whose="alone")
    begun = [line("began", at, token=at, worker=f"host:{pid}") for at, pid in ((1.0, 7), (5.5, 8))]
    assert recoveries(Record([*begun, killed]), "alone") == [3.5]
    assert recoveries(Record([*begun, killed]), "supervised") == []


def test_a_job_that_had_ended_before_the_kill_was_not_recovered():
    killed = line("killed", 2.0, pids=[7], whose="alone")
    begun = [line("began", at, token=at, worker=f"host:{pid}") for at, pid in ((1.0, 7), (5.5, 8))]
    assert recoveries(Record([*begun, line("ended", 1.5, token=1.0), killed]), "alone") == []
