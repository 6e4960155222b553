"""The tree of exceptions, as its own docstring draws it."""

import inspect
import re
from datetime import timedelta

import pytest

from django_jobs import exceptions
from django_jobs.exceptions import Fail, Interruption, JobsError, Retry, Snooze

DEFINED = {
    name: kind
    for name, kind in vars(exceptions).items()
    if inspect.isclass(kind) and kind.__module__ == exceptions.__name__
}


def drawn_tree() -> dict[str, tuple[str, set[str]]]:
    """Return for each class in the drawing its parent there, and what it says it is besides."""
    tree: dict[str, tuple[str, set[str]]] = {}
    above: list[str] = []
    # cleandoc: since Python 3.13 the compiler takes the indent away
    for line in inspect.cleandoc(exceptions.__doc__ or "").splitlines()[1:]:
        drawn = re.match(r"(?:    (?=\w))?([│├└─ ]*)(\w+)(?: \(also (\w+)\))?", line)
        if drawn:
            depth = len(drawn[1]) // 4
            tree[drawn[2]] = (above[depth - 1] if depth else "", {drawn[3]} - {None})
            above[depth:] = [drawn[2]]
    return tree


def test_every_exception_is_in_the_drawing():
    assert set(drawn_tree()) - {"BaseException"} == set(DEFINED)


@pytest.mark.parametrize("name", sorted(DEFINED))
def test_every_exception_is_what_the_drawing_says(name):
    parent, besides = drawn_tree()[name]
    bases = {base.__name__ for base in DEFINED[name].__mro__}
    assert {parent} - {""} | besides <= bases


def test_every_error_of_ours_is_a_jobs_error_and_no_interruption_is_an_exception():
    for name, kind in DEFINED.items():
        assert issubclass(kind, JobsError) != issubclass(kind, Interruption), name
        assert issubclass(kind, Exception) != issubclass(kind, Interruption), name


def test_the_words_of_control_flow_read_durations_of_every_kind():
    assert Retry("later", delay="5m").delay == timedelta(minutes=5)
    assert Retry("later").delay is None
    assert Snooze(timedelta(hours=1)).delay == timedelta(hours=1)


def test_the_words_of_control_flow_need_no_reason():
    assert str(Retry()) == "The handler asked for a retry."
    assert str(Snooze(1)) == "The handler put the job off."
    assert str(Fail()) == "The handler failed the job."


@pytest.mark.parametrize("delay", [60, 1.5, timedelta(minutes=1)])
def test_a_delay_is_not_taken_for_the_reason_of_a_retry(delay):
    with pytest.raises(TypeError, match=r"the first argument is the reason; write Retry\(delay="):
        Retry(delay)


def test_a_negative_delay_is_refused_where_it_is_written():
    with pytest.raises(ValueError, match="negative"):
        Retry(delay=-1)
    with pytest.raises(ValueError, match="negative"):
        Snooze(-1)
