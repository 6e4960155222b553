"""Arguments that a pydantic model vouches for."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest

from django_jobs import InvalidArguments, InvalidHandler, job
from django_jobs.models import Job
from django_jobs.testing import run_jobs

pytest.importorskip("pydantic")
import pydantic

pytestmark = pytest.mark.django_db

seen: list[Any] = []


class Line(pydantic.BaseModel):
    """One line of an order."""

    sku: str
    price: Decimal


class Order(pydantic.BaseModel):
    """An order, as its handler takes it."""

    number: int = pydantic.Field(gt=0)
    day: date
    lines: list[Line] = []


def ship(number: int, day: date, lines: list[Line]) -> int:
    """Ship an order."""
    seen.append((number, day, lines))
    return len(lines)


def remind(day: date, times: Annotated[int, pydantic.Field(le=3)] = 1, *, note: str | None = None) -> str:
    """Remind of a day."""
    seen.append((day, times, note))
    return day.isoformat()


def untyped(anything, number: int = 0):
    """Take anything."""
    seen.append((anything, number))


@pytest.fixture(autouse=True)
def forget():
    seen.clear()


def test_arguments_of_a_model_arrive_typed(make_handler):
    handler = make_handler(ship, schema=Order)
    record = handler.enqueue(number="7", day="2026-12-24", lines=[{"sku": "a", "price": "1.10"}])
    # stored as JSON, whole: what a default was on that day is what the handler gets
    assert record.kwargs == {"number": 7, "day": "2026-12-24", "lines": [{"sku": "a", "price": "1.10"}]}
    (ran,) = run_jobs()
    assert (ran.error, ran.result) == ("", 1)
    assert seen == [(7, date(2026, 12, 24), [Line(sku="a", price=Decimal("1.10"))])]


def test_typed_values_may_be_given_too(make_handler):
    make_handler(ship, schema=Order).enqueue(7, date(2026, 12, 24), lines=[Line(sku="a", price=Decimal("1.10"))])
    run_jobs()
    assert seen == [(7, date(2026, 12, 24), [Line(sku="a", price=Decimal("1.10"))])]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"number": 0, "day": "2026-12-24", "lines": []}, r"kwargs\['number'\]: Input should be greater than 0"),
        ({"number": "x", "day": "2026-12-24", "lines": []}, r"kwargs\['number'\]: Input should be a valid integer"),
        (
            {"number": 1, "day": "2026-12-24", "lines": [{"sku": "a", "price": 1}, {"sku": "b", "price": "dear"}]},
            r"kwargs\['lines'\]\[1\]\.price: Input should be a valid decimal",
        ),
        ({"number": 0, "day": "never", "lines": []}, r"kwargs\['number'\]: .*; kwargs\['day'\]: Input should be"),
    ],
)
def test_every_complaint_of_a_model_is_told_with_its_place(make_handler, arguments, complaint):
    handler = make_handler(ship, schema=Order)
    with pytest.raises(InvalidArguments, match=rf"{handler.name}: {complaint}"):
        handler.enqueue(**arguments)
    assert not Job.objects.exists()


def test_arguments_of_annotations_arrive_typed(make_handler):
    handler = make_handler(remind, validate=True)
    handler.enqueue("2026-12-24", times="2")
    handler.enqueue(date(2026, 12, 31), note="midnight")
    assert [ran.result for ran in run_jobs()] == ["2026-12-24", "2026-12-31"]
    assert seen == [(date(2026, 12, 24), 2, None), (date(2026, 12, 31), 1, "midnight")]


def test_every_complaint_of_annotations_is_told_with_its_place(make_handler):
    handler = make_handler(remind, validate=True)
    with pytest.raises(InvalidArguments, match=r"kwargs\['times'\]: Input should be less than or equal to 3"):
        handler.enqueue("2026-12-24", 4)
    with pytest.raises(InvalidArguments, match=r"kwargs\['day'\]: .*; kwargs\['note'\]: "):
        handler.enqueue("never", note=5)


def test_a_wrong_call_is_a_type_error_before_any_schema(make_handler):
    with pytest.raises(TypeError, match="missing a required argument: 'day'"):
        make_handler(remind, validate=True).enqueue()


def test_parameters_without_annotations_take_anything(make_handler):
    make_handler(untyped, validate=True).enqueue({"a": [1]}, "5")
    run_jobs()
    assert seen == [({"a": [1]}, 5)]


def test_rows_of_an_older_schema_fail_with_the_reason(make_handler):
    handler = make_handler(remind, validate=True)
    record = handler.enqueue("2026-12-24")
    Job.objects.filter(pk=record.pk).update(kwargs={"day": "2026-12-24", "colour": "red"})
    (ran,) = run_jobs()
    assert ran.status == "failed"
    assert "kwargs['colour']: Extra inputs are not permitted" in ran.error


def test_what_pydantic_lets_through_must_still_be_json(make_handler):
    handler = make_handler(untyped, validate=True)
    with pytest.raises(InvalidArguments, match=r"kwargs\['anything'\] is nan"):
        handler.enqueue(float("nan"))


@pytest.mark.parametrize(
    ("function", "options", "named"),
    [
        (lambda a, /: None, {"validate": True}, "'a'"),
        (lambda *args: None, {"validate": True}, r"'\*args'"),
        (lambda **kwargs: None, {"validate": True}, r"'\*\*kwargs'"),
        (lambda *args: None, {"schema": Order}, r"'\*args'"),
    ],
)
def test_a_schema_needs_arguments_with_names(function, options, named):
    with pytest.raises(InvalidHandler, match=rf"takes {named} .*which a schema cannot name"):
        job("shop.nameless", **options)(function)


def test_a_model_may_fill_free_keywords(make_handler):
    make_handler(lambda **order: seen.append(order), schema=Order).enqueue(number=1, day="2026-12-24")
    run_jobs()
    assert seen == [{"number": 1, "day": date(2026, 12, 24), "lines": []}]


def test_without_pydantic_a_schema_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydantic", None)
    with pytest.raises(InvalidHandler, match=r"need pydantic: pip install '?django-jobs-queue\[schema\]"):
        job("shop.remind", validate=True)(remind)
