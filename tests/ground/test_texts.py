"""Text and JSON that every database takes and gives back."""

import json
import uuid
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_jobs.states import JobStatus
from django_jobs.texts import MAX_DEPTH, Unstorable, portions, storable_json, storable_text

LETTERS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


def json_values(floats):
    """Return a strategy of values that JSON can hold."""
    return st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | floats | LETTERS,
        lambda inner: st.lists(inner) | st.dictionaries(LETTERS, inner),
        max_leaves=20,
    )


def nested(depth):
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@given(json_values(st.floats(allow_nan=False, allow_infinity=False)))
def test_plain_values_come_back_as_they_were(value):
    assert json.loads(storable_json(value, "value")) == value


@pytest.mark.parametrize(
    ("value", "back"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        (OrderedDict(a=1), {"a": 1}),
        (JobStatus.FAILED, "failed"),
        (True, True),
        (2**70, 2**70),
    ],
)
def test_what_json_has_a_word_for_passes(value, back):
    assert json.loads(storable_json(value, "value")) == back


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({1, 2}, "value is of type set, which JSON cannot hold; pass a sorted list"),
        (frozenset(), "value is of type frozenset.*sorted list"),
        (b"bytes", "value is of type bytes.*base64"),
        (datetime(2026, 1, 1, tzinfo=UTC), r"value is of type datetime.*isoformat\(\)"),
        (date(2026, 1, 1), r"value is of type date.*isoformat\(\)"),
        (time(12), r"value is of type time.*isoformat\(\)"),
        (timedelta(1), r"value is of type timedelta.*total_seconds\(\)"),
        (Decimal("1.10"), r"value is of type Decimal.*str\(value\)"),
        (uuid.uuid4(), r"value is of type UUID.*str\(value\)"),
        (object(), "value is of type object.*pass text, numbers"),
        (1j, "value is of type complex"),
        (float("nan"), "value is nan.*pass None or text"),
        (float("-inf"), "value is -inf"),
        ({"a": [{"b": float("inf")}]}, r"value\['a'\]\[0\]\.b is inf"),
        ({1: "one"}, "value has the key 1: JSON keys are text"),
        ({"a": {None: 1}}, r"value\['a'\] has the key None"),
        ({"a": {(1, 2): 1}}, r"value\['a'\] has the key \(1, 2\)"),
        ("a\x00b", "value contains a NUL character"),
        ({"\x00": 1}, r"value key '\\x00' contains a NUL character"),
        ("\ud800", "value contains half of a surrogate pair"),
        (1 << 2000, "value is an integer of more than 1024 bits"),
        (nested(MAX_DEPTH + 1), f"nested deeper than {MAX_DEPTH} levels"),
    ],
)
def test_what_json_would_lose_is_named_with_its_place_and_a_way_out(value, complaint):
    with pytest.raises(Unstorable, match=complaint):
        storable_json(value, "value")


def test_a_list_that_contains_itself_is_refused():
    value: list[object] = []
    value.append(value)
    with pytest.raises(Unstorable, match="or contains itself"):
        storable_json(value, "value")


def test_a_row_is_answered_with_its_primary_key():
    from tests.factories import JobFactory

    with pytest.raises(Unstorable, match=r"type Job.*pass its primary key and load it in the handler"):
        storable_json(JobFactory.build(), "value")


@given(st.text(st.characters()), st.integers(1, 200))
def test_any_text_becomes_storable_within_its_limit(text, limit):
    stored = storable_text(text, limit)
    assert len(stored) <= limit
    assert "\x00" not in stored
    stored.encode()


def test_text_that_fits_stays_as_it_is():
    assert storable_text("Zoë 🙂", 5) == "Zoë 🙂"


def test_a_cut_says_how_much_is_missing():
    assert storable_text("x" * 1000, 100).endswith("… [900 more characters cut]")


def test_nul_and_lone_surrogates_stay_readable():
    assert storable_text("a\x00b\ud800") == r"a\x00b\ud800"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], []),
        (["a", "b", "c"], [["a", "b"], ["c"]]),
        (["aaa", "bbb", "c"], [["aaa"], ["bbb", "c"]]),
        (["longer than all", "b"], [["longer than all"], ["b"]]),
    ],
)
def test_portions_hold_so_many_and_are_so_long_at_most(words, expected):
    assert list(portions(words, len, most=2, longest=5)) == expected
