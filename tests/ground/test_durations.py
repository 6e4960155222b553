"""What people may write as a duration."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_jobs.durations import as_duration


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (0, timedelta(0)),
        (90, timedelta(seconds=90)),
        (0.25, timedelta(milliseconds=250)),
        (timedelta(minutes=2), timedelta(minutes=2)),
        ("90", timedelta(seconds=90)),
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("1.5h", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        (" 5 m ", timedelta(minutes=5)),
    ],
)
def test_what_people_write_is_understood(written, meant):
    assert as_duration(written) == meant


@pytest.mark.parametrize(
    "written", ["", "soon", "5 minutes", "-5m", "5M", "1e3", "5m30s", "½", None, True, False, [], object()]
)
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValueError, match=r"is not a (duration|number)"):
        as_duration(written)


@pytest.mark.parametrize("written", [-1, -0.001, timedelta(microseconds=-1)])
def test_a_negative_duration_is_refused(written):
    with pytest.raises(ValueError, match="is negative"):
        as_duration(written)


@pytest.mark.parametrize("written", [float("inf"), float("nan"), float("-inf")])
def test_a_duration_that_is_no_number_is_refused(written):
    with pytest.raises(ValueError, match="is not a number of seconds"):
        as_duration(written)


@pytest.mark.parametrize("written", [1e300, 10**400, "9" * 400, "99999999999d", timedelta.max])
def test_a_duration_that_no_calendar_holds_is_refused(written):
    with pytest.raises(ValueError, match="longer than"):
        as_duration(written)


@given(st.integers(min_value=0, max_value=3_000_000_000))
def test_whole_seconds_arrive_exactly_however_they_are_written(seconds):
    assert as_duration(seconds) == as_duration(str(seconds)) == as_duration(f"{seconds}s")
    assert as_duration(seconds).total_seconds() == seconds


@given(st.text())
def test_any_text_is_understood_or_refused_by_a_value_error(text):
    with suppress(ValueError):
        assert as_duration(text) >= timedelta(0)
