"""What one job may be told, and what it may not."""

from datetime import UTC, date, datetime, timedelta

import pytest

from django_jobs.exceptions import InvalidOptions
from django_jobs.options import JobOptions, read_priority

NAIVE = datetime(2026, 12, 24, 18)
AWARE = NAIVE.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"delay": -1}, "delay: -1 is negative"),
        ({"delay": timedelta(seconds=-1)}, "delay: .* is negative"),
        ({"delay": "soon"}, "delay: 'soon' is not a duration"),
        ({"delay": float("nan")}, "delay: nan is not a number"),
        ({"delay": 1e300}, "delay: .*longer than"),
        ({"delay": timedelta.max}, "delay: .*longer than"),
        ({"delay": 5, "run_after": AWARE}, "delay or run_after, not both"),
        ({"run_after": NAIVE}, "run_after=.* has no time zone while USE_TZ is on.*make_aware"),
        ({"run_after": datetime.max.replace(tzinfo=UTC)}, "run_after=.*: use a year from 1900 to 2999"),
        ({"run_after": datetime.min.replace(tzinfo=UTC)}, "run_after=.*: use a year from 1900 to 2999"),
        ({"run_after": 60}, "run_after must be a datetime, not 60; for seconds from now use delay"),
        ({"run_after": date(2026, 12, 24)}, "run_after must be a datetime"),
        ({"run_after": "2026-12-24"}, "run_after must be a datetime"),
        ({"timeout": -5}, "timeout: -5 is negative"),
        ({"timeout": True}, "timeout: True is not a number"),
        ({"priority": 101}, "priority=101: use high, normal, low, or a whole number from -100 to 100"),
        ({"priority": -101}, "priority=-101"),
        ({"priority": "urgent"}, "priority='urgent'"),
        ({"priority": 1.5}, "priority=1.5"),
        ({"priority": True}, "priority=True"),
        ({"queue_name": ""}, "queue_name=''"),
        ({"queue_name": "  "}, "queue_name='  '"),
        ({"queue_name": "a,b"}, "without commas"),
        ({"queue_name": "q" * 101}, "1 to 100 characters"),
        ({"queue_name": "a\x00b"}, "queue_name="),
        ({"queue_name": 5}, "queue_name=5"),
        ({"max_attempts": 0}, "max_attempts=0: use a whole number from 1"),
        ({"max_attempts": 40_000}, "max_attempts=40000"),
        ({"max_attempts": True}, "max_attempts=True"),
        ({"max_attempts": "3"}, "max_attempts='3'"),
    ],
)
def test_an_option_that_cannot_be_kept_is_named(options, complaint):
    with pytest.raises(InvalidOptions, match=complaint):
        JobOptions(**options)


def test_an_aware_time_is_refused_where_the_site_has_no_time_zones(settings):
    settings.USE_TZ = False
    JobOptions(run_after=NAIVE)
    with pytest.raises(InvalidOptions, match="has a time zone while USE_TZ is off; use make_naive"):
        JobOptions(run_after=AWARE)


@pytest.mark.parametrize(("written", "number"), [("high", 50), ("normal", 0), ("low", -50), (-100, -100), (100, 100)])
def test_priorities_have_names_and_numbers(written, number):
    assert read_priority(written) == number


def test_a_job_needs_no_options():
    assert JobOptions() == JobOptions(delay=None, run_after=None, owner=None)
