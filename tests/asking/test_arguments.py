"""Arguments: bound when enqueued, and sure to arrive as they were given."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_jobs.arguments import check_json, result_json
from django_jobs.exceptions import InvalidArguments, InvalidResult, PayloadTooLarge
from django_jobs.models import Job
from django_jobs.testing import run_jobs
from tests.factories import JobFactory
from tests.ground.test_texts import json_values
from tests.jobs import add, echo, return_object

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("args", "kwargs", "complaint"),
    [
        ((), {}, r"tests\.add\(\): missing a required argument: 'a'"),
        ((1, 2, 3), {}, r"tests\.add\(\): too many positional arguments"),
        ((1,), {"a": 2}, r"tests\.add\(\): multiple values for argument 'a'"),
        ((1,), {"c": 2}, r"tests\.add\(\): got an unexpected keyword argument 'c'"),
    ],
)
def test_wrong_arguments_are_a_type_error_that_names_the_handler(args, kwargs, complaint):
    with pytest.raises(TypeError, match=complaint):
        add.enqueue(*args, **kwargs)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (float("nan"), r"tests\.echo: kwargs\['value'\] is nan"),
        (float("inf"), r"kwargs\['value'\] is inf"),
        ({1, 2}, r"kwargs\['value'\] is of type set"),
        ({1: "one"}, r"kwargs\['value'\] has the key 1"),
        (object(), r"kwargs\['value'\] is of type object"),
        (b"raw", r"kwargs\['value'\] is of type bytes"),
        (Decimal("1.5"), r"kwargs\['value'\] is of type Decimal"),
        (datetime(2026, 1, 1, tzinfo=UTC), r"kwargs\['value'\] is of type datetime"),
        (uuid.uuid4(), r"kwargs\['value'\] is of type UUID"),
        ("a\x00b", r"kwargs\['value'\] contains a NUL"),
        ("\udfff", r"kwargs\['value'\] contains half of a surrogate pair"),
        ([{"ok": 1}, {"price": float("nan")}], r"kwargs\['value'\]\[1\]\.price is nan"),
        ({"items": [0, 1, 2, {"price": {3}}]}, r"kwargs\['value'\]\.items\[3\]\.price is of type set"),
        ({"two words": (object(),)}, r"kwargs\['value'\]\['two words'\]\[0\] is of type object"),
    ],
)
def test_a_value_that_json_would_lose_is_refused_at_its_place(value, complaint):
    with pytest.raises(InvalidArguments, match=complaint):
        echo.enqueue(value)
    with pytest.raises(ValueError, match=complaint):
        echo.enqueue(value=value)
    assert not Job.objects.exists()


def test_the_place_begins_at_the_arguments_name(make_handler):
    handler = make_handler(lambda items: None)
    with pytest.raises(InvalidArguments, match=r"kwargs\['items'\]\[3\]\.price is nan"):
        handler.enqueue(items=[0, 1, 2, {"price": float("nan")}])


def test_the_place_of_a_positional_argument_is_its_number(make_handler):
    handler = make_handler(lambda *values: None)
    with pytest.raises(InvalidArguments, match=r"args\[2\] is nan"):
        handler.enqueue(0, 1, float("nan"))


def test_a_row_is_answered_with_its_primary_key():
    with pytest.raises(InvalidArguments, match=r"type Job, .*pass its primary key and load it in the handler"):
        echo.enqueue(JobFactory())
    with pytest.raises(InvalidArguments, match=r"type JobQuerySet, .*pass a list of primary keys"):
        echo.enqueue(Job.objects.all())


def test_a_payload_may_be_as_large_as_the_setting_says(settings):
    # [] and {"value":"xx…"} are 2 and 12 bytes besides the text
    settings.JOBS = {"MAX_PAYLOAD": 100}
    echo.enqueue("x" * 86)
    with pytest.raises(PayloadTooLarge, match=r"tests\.echo: the arguments are 101 bytes .*MAX_PAYLOAD \(100\)"):
        echo.enqueue("x" * 87)
    assert issubclass(PayloadTooLarge, InvalidArguments)


def test_a_payload_is_measured_in_bytes_not_letters(settings):
    settings.JOBS = {"MAX_PAYLOAD": 100}
    with pytest.raises(PayloadTooLarge):
        echo.enqueue("🙂" * 30)


def test_five_megabytes_are_too_much_by_default():
    with pytest.raises(PayloadTooLarge, match="Store them elsewhere and pass a key"):
        echo.enqueue("x" * 5_000_000)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values(st.floats(-1e15, 1e15)))  # PostgreSQL gives larger whole ones back as integers
def test_every_value_that_passes_arrives_as_it_was_given(db, value):
    with transaction.atomic():
        job = echo.enqueue(value)
        (ran,) = run_jobs()
    assert (ran.pk, ran.kwargs, ran.result) == (job.pk, {"value": value}, value)


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "stored"),
    [
        (lambda a, b=2: [a, b], (1,), {}, ([], {"a": 1})),
        (lambda a, /, b: [a, b], (1,), {"b": 2}, ([1, 2], {})),
        (lambda a, *rest, c=0: [a, *rest, c], (1, 2, 3), {"c": 4}, ([1, 2, 3], {"c": 4})),
        (lambda a, *, b: [a, b], (1,), {"b": 2}, ([], {"a": 1, "b": 2})),
        (lambda **named: named, (), {"a": 1, "named": 2}, ([], {"a": 1, "named": 2})),
        (lambda *rest: list(rest), (), {}, ([], {})),
    ],
)
def test_signatures_of_every_kind_get_their_arguments(make_handler, function, args, kwargs, stored):
    handler = make_handler(function)
    job = handler.enqueue(*args, **kwargs)
    assert (job.args, job.kwargs) == stored
    (ran,) = run_jobs()
    assert (ran.error, ran.result) == ("", function(*args, **kwargs))


def test_a_parameter_may_be_called_self(make_handler):
    handler = make_handler(lambda self, func=0: [self, func])
    handler.enqueue(self=1, func=2)
    handler.using(priority="low").enqueue(self=3)
    assert [job.result for job in run_jobs()] == [[1, 2], [3, 0]]


def test_a_default_that_changes_later_holds_for_the_jobs_that_wait(make_handler):
    handler = make_handler(lambda rate=1: rate)
    assert handler.enqueue().kwargs == {}


def test_a_result_that_json_cannot_hold_fails_the_job_with_that_reason():
    return_object.enqueue()
    (ran,) = run_jobs()
    assert ran.status == "failed"
    assert "returned what cannot be stored: result is of type object" in ran.error


def test_a_result_may_be_as_large_as_a_payload(settings):
    settings.JOBS = {"MAX_PAYLOAD": 10}
    assert result_json("12345678") == '"12345678"'
    with pytest.raises(InvalidResult, match=r"11 bytes of JSON, more than MAX_PAYLOAD \(10\)"):
        result_json("123456789")


def test_what_a_handler_emits_is_no_larger_than_a_payload(settings):
    settings.JOBS = {"MAX_PAYLOAD": 10}
    check_json("tests.talk", "a" * 8, "emit('spoken') data")
    with pytest.raises(PayloadTooLarge, match=r"emit\('spoken'\) data is 11 bytes .* MAX_PAYLOAD \(10\)"):
        check_json("tests.talk", "a" * 9, "emit('spoken') data")
