"""The book of figures: medians, spread, ratios, and what a new run replaces."""

import pytest

from benchmarks.book import Book, Figure, percentile


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path / "results.json")


def fill(book, name, *values):
    for value in values:
        book.add(name, value, "jobs/s")


def test_a_figure_has_a_middle_and_a_spread():
    figure = Figure("jobs/s", [30.0, 10.0, 20.0])
    assert (figure.median, figure.spread) == (20.0, (10.0, 30.0))


def test_ratios_are_taken_round_by_round(book):
    fill(book, "drain/sqlite/ours", 10, 40, 30)
    fill(book, "drain/sqlite/bare", 20, 20, 30)
    assert book.ratios("drain/sqlite/ours", "drain/sqlite/bare") == [0.5, 2.0, 1.0]


def test_a_contestant_that_missed_a_round_is_compared_by_the_middle(book):
    fill(book, "ours", 10, 20, 30)
    fill(book, "theirs", 40)
    assert book.ratios("ours", "theirs") == [0.5]


def test_there_is_no_ratio_to_what_was_not_measured(book):
    fill(book, "ours", 10)
    assert book.ratios("ours", "theirs") == []


def test_figures_keep_four_digits(book):
    fill(book, "figure", 12345.678, 0.00123456, 0)
    assert book.figures["figure"].values == [12346, 0.001235, 0]


def test_a_scenario_that_runs_again_replaces_its_own_figures_and_no_others(book):
    for name in ("drain/sqlite/ours", "drain/filled/sqlite/ours", "drain/mysql/ours", "latency/sqlite/ours"):
        fill(book, name, 1)
    book.fail("drain/redis/huey", "it was not there")
    book.begin("drain", ["sqlite", "redis"])
    assert list(book.figures) == ["drain/mysql/ours", "latency/sqlite/ours"]
    assert book.failures == {}


def test_what_was_saved_is_read_again(book):
    fill(book, "drain/sqlite/ours", 1, 2)
    book.series["soak"] = [{"seconds": 1.0}]
    book.end("drain", quick=True)
    again = Book(book.path)
    assert again.figures["drain/sqlite/ours"].values == [1, 2]
    assert again.scenarios == {"drain": {"quick": True}}
    assert again.series == book.series


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_seen(share, value):
    assert percentile(range(1, 101), share) == value
