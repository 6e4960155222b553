"""Verdicts: which figure decides, and whether a goal was met."""

import pytest

from benchmarks.book import Book
from benchmarks.goals import GOALS, Goal, number, verdicts


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "results.json")
    for name, values in {"ours": (90, 100, 110), "theirs": (30, 25, 55), "slow": (4, 7, 5)}.items():
        for value in values:
            book.add(name, value, "jobs/s")
    return book


def test_a_ratio_is_met_by_its_middle(book):
    verdict = Goal("ours to theirs", 3, [("ours", "theirs")]).verdict(book)
    assert (verdict.is_met, verdict.goal, verdict.measured) == (True, "at least × 3", "× 3 (2–4)")


def test_a_goal_that_is_missed_says_so_like_the_others(book):
    verdict = Goal("ours to theirs", 10, [("ours", "theirs")], reason="that is life").verdict(book)
    assert verdict.told == "**missed**: that is life"
    assert Goal("ours to theirs", 10, [("ours", "theirs")]).verdict(book).told == "**missed**"


def test_a_bound_from_above_is_met_from_below(book):
    assert Goal("slow", 5, ["slow"], "ms", at_most=True, reason="never told").verdict(book).told == "met"
    assert not Goal("slow", 4, ["slow"], "ms", at_most=True).verdict(book).is_met


def test_the_worst_of_several_figures_decides(book):
    assert Goal("both", 50, ["ours", "theirs"], "jobs/s").verdict(book).measured == "30 jobs/s (25–55)"
    assert Goal("both", 50, ["ours", "theirs"], "ms", at_most=True).verdict(book).measured == "100 ms (90–110)"


def test_what_was_not_measured_has_no_row(book):
    assert list(verdicts(book, [Goal("nothing", 1, [("ours", "nobody")])])) == []


def test_every_goal_is_told_apart_by_its_figures():
    assert len({tuple(goal.figures) for goal in GOALS}) == len(GOALS)


@pytest.mark.parametrize(
    ("value", "text"), [(12345, "12,300"), (0.12345, "0.123"), (99.96, "100"), (3, "3"), (100.4, "100"), (0, "0")]
)
def test_numbers_have_three_digits_that_count(value, text):
    assert number(value) == text
