"""The page: tables and charts from the book, between the page's marks."""

import re

import pytest

from benchmarks import report
from benchmarks.book import Book
from benchmarks.catalogue import PEERS


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "results.json")
    for name, value in {
        "drain/postgresql/bare loop": 30_000,
        "drain/postgresql/django_jobs": 15_000,
        "drain/postgresql/oban": 3_000,
        "drain/filled/postgresql/django_jobs": 50_000,
        "latency/postgresql/django_jobs/median": 2.5,
        "latency/postgresql/django_jobs/p99": 9,
        "memory/postgresql/django_jobs/pss": 80,
        "memory/postgresql/django_jobs/rss": 130,
        "idle/postgresql/django_jobs/cpu": 0.4,
        "processes/postgresql/1": 8_000,
        "processes/postgresql/2": 15_000,
        "waiting/postgresql/1000": 15_000,
    }.items():
        book.add(name, value, "")
    book.fail("drain/postgresql/chancy", "cannot be installed: no such version")
    book.series["soak/postgresql/django_jobs"] = [
        {"seconds": 10.0 * n, "jobs": n, "median": 2, "p99": 9, "pss": 80, "dead": n, "size": n} for n in range(5)
    ]
    return book


def test_the_drain_stands_with_its_ratio_to_the_bare_loop_quickest_first(book):
    lines = report.drains(book)
    assert lines[2].startswith("| bare loop | PostgreSQL | 30,000 |")
    assert lines[3] == "| django_jobs | PostgreSQL | 15,000 | 15,000–15,000 | 0.500 | 50,000 |"


def test_a_peer_that_could_not_be_measured_is_named_with_the_reason(book):
    assert report.drains(book)[-1] == "Not measured: postgresql/chancy: cannot be installed: no such version"


def test_what_was_not_measured_of_a_footprint_is_left_empty(book):
    assert report.footprints(book)[2] == "| django_jobs | PostgreSQL | 80 | 130 | 0.4 |  |"


def test_the_soak_is_told_from_early_to_late(book):
    assert report.soak(book)[2:] == [
        "| 0 | 0 | 2 | 9 | 80 | 0 | 0 |",
        "| 0.333 | 2 | 2 | 9 | 80 | 2 | 2 |",
        "| 0.667 | 4 | 2 | 9 | 80 | 4 | 4 |",
    ]


def test_every_peer_states_its_settings(book):
    assert len(report.settings(book)) == len(PEERS) + 2
    assert all(peer.settings for peer in PEERS)


def test_a_part_of_the_page_is_replaced_and_the_rest_is_kept():
    text = "above\n<!-- figures begin: drain -->\nold\n<!-- figures end -->\nbelow <!-- figures end -->\n"
    new = report.replace_part(text, "drain", "| new |")
    assert (
        new == "above\n<!-- figures begin: drain -->\n\n| new |\n\n<!-- figures end -->\nbelow <!-- figures end -->\n"
    )
    assert report.replace_part(new, "drain", "| new |") == new


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="no marks for the part 'drain'"):
        report.replace_part("text", "drain", "")


def test_the_page_in_the_docs_has_a_place_for_every_part(book):
    text = report.PAGE.read_text(encoding="utf-8")
    assert re.findall(r"figures begin: (\w+)", text) == list(report.parts(book))


def test_page_and_charts_are_written_from_the_book_and_the_same_again(book, tmp_path):
    pytest.importorskip("matplotlib")
    page = tmp_path / "performance.md"
    page.write_text(report.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    report.publish(book, page)
    first = {path.name: path.read_bytes() for path in tmp_path.glob("performance*")}
    report.publish(book, page)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("performance*")} == first
    assert {name for name in first if name.endswith(".svg")} == {
        "performance-drain.svg", "performance-latency.svg", "performance-scaling.svg", "performance-soak.svg",
    }  # fmt: skip
    assert b"15,000" in first["performance-drain.svg"]


def test_nothing_in_the_results_tells_of_a_place_or_a_host(book, tmp_path):
    assert str(tmp_path) not in "\n".join(line for lines in report.parts(book).values() for line in lines)
