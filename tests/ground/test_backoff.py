"""How long a job waits between attempts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_jobs import Backoff, exponential, fixed, linear
from django_jobs.backoff import STRATEGIES
from django_jobs.exceptions import InvalidHandler


@st.composite
def policies(draw):
    maximum = draw(st.floats(min_value=0, max_value=1e6))
    return Backoff(
        draw(st.sampled_from(STRATEGIES)),
        draw(st.floats(min_value=0, max_value=maximum)),
        maximum,
        draw(st.floats(min_value=0, max_value=1)),
    )


@given(policies(), st.integers(min_value=1, max_value=32_000))
def test_a_delay_is_never_negative_nor_over_the_maximum(policy, attempt):
    assert 0 <= policy(attempt) <= policy.maximum


@given(policies(), st.integers(min_value=1, max_value=32_000))
def test_jitter_takes_away_no_more_than_its_share(policy, attempt):
    full = Backoff(policy.strategy, policy.base, policy.maximum, 0)(attempt)
    assert full * (1 - policy.jitter) * 0.999_999 <= policy(attempt) <= full


@given(policies(), st.integers(min_value=1, max_value=1000))
def test_a_delay_without_jitter_never_shrinks(policy, attempt):
    steady = Backoff(policy.strategy, policy.base, policy.maximum, 0)
    assert steady(attempt) <= steady(attempt + 1)


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (fixed(5), [5, 5, 5, 5]),
        (linear(5, maximum=18, jitter=0), [5, 10, 15, 18]),
        (exponential(1, maximum=6, jitter=0), [1, 2, 4, 6]),
        (Backoff(jitter=0), [1, 2, 4, 8]),
    ],
)
def test_each_strategy_grows_as_its_name_says(policy, delays):
    assert [policy(attempt) for attempt in range(1, 5)] == delays


def test_jitter_keeps_jobs_that_failed_together_apart():
    policy = exponential(10, jitter=0.5)
    assert len({policy(1) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"strategy": "exponentail"}, "'exponentail': use one of fixed, linear, exponential"),
        ({"base": -1}, "0 <= base <= maximum"),
        ({"base": 10, "maximum": 5}, "0 <= base <= maximum"),
        ({"base": float("nan")}, "0 <= base <= maximum"),
        ({"jitter": 1.5}, "from 0 to 1"),
        ({"jitter": -0.1}, "from 0 to 1"),
        ({"jitter": float("nan")}, "from 0 to 1"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(options, complaint):
    with pytest.raises(InvalidHandler, match=complaint):
        Backoff(**options)


def test_a_negative_fixed_delay_is_refused():
    with pytest.raises(InvalidHandler, match="-1 is negative"):
        fixed(-1)


def test_delays_may_be_written_as_any_duration():
    assert fixed("5m") == fixed(300)
    assert linear(timedelta(seconds=5), maximum="1m") == linear(5, maximum=60)
    assert exponential(timedelta(seconds=2), maximum="10m") == exponential(2, maximum=600)


def test_a_delay_that_is_no_duration_is_refused():
    with pytest.raises(InvalidHandler, match="'soon' is not a duration"):
        exponential("soon")
