"""Reading jobs and their logs over HTTP."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_jobs.api import filters as reading
from django_jobs.ids import first_uuid7_of
from django_jobs.models import Job, JobLog
from django_jobs.querysets import owner_key
from django_jobs.testing import run_jobs

from ..factories import JobFactory
from ..jobs import talk

JOBS = "/jobs-api/jobs"


def ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [told["id"] for told in response.json()["jobs"]]


def ids_of(*jobs) -> list[str]:
    return [str(record.pk) for record in jobs]


def born(day: int) -> dict[str, Any]:
    """Return the id and the time of a job of that day."""
    moment = datetime(2020, 1, day, tzinfo=UTC)
    return {"id": first_uuid7_of(moment.timestamp()), "created_at": moment}


def pages(caller, address: str, key: str, **filters):
    """Follow the cursors to the end."""
    told = caller.get(address, filters).json()
    while True:
        yield told[key]
        if told["next"] is None:
            return
        told = caller.get(address, filters | {"cursor": told["next"]}).json()


def test_one_job_is_told_in_full(staff):
    record = JobFactory(
        failed=True, kwargs={"value": [1, {"a": None}]}, owner="shop:7", progress_current=1, progress_total=3
    )
    told = staff.get(f"{JOBS}/{record.pk}").json()
    assert (told["id"], told["status"], told["error"]) == (str(record.pk), "failed", "ValueError: broken")
    assert (told["arguments"], told["result"], told["owner"]) == ({"value": [1, {"a": None}]}, None, "shop:7")
    assert (told["progress_percent"], told["duration"]) == (33, pytest.approx(5, abs=1))
    assert datetime.fromisoformat(told["finished_at"]).tzinfo is not None


@pytest.mark.parametrize("job_id", [uuid4(), "7", "x", "%00", "a" * 500, "..", "%F0%9F%8D%95", "{uuid}"])
@pytest.mark.parametrize("rest", ["", "/logs"])
def test_an_id_of_no_job_is_answered_404(staff, answered, job_id, rest):
    refusal = answered(staff.get(f"{JOBS}/{job_id}{rest}"))
    assert (refusal.status, refusal.sentence) == (404, "There is no such job, or you may not see it.")


def test_a_list_shows_the_newest_first_and_leaves_the_large_parts_out(staff):
    first, second = JobFactory(), JobFactory(completed=True)
    response = staff.get(JOBS)
    assert ids(response) == ids_of(second, first)
    assert not {"args", "arguments", "result"} & set(response.json()["jobs"][0])


def test_the_cursor_leads_through_all_pages_once_while_jobs_are_added(staff):
    made = JobFactory.create_batch(7)
    seen = []
    for page in pages(staff, JOBS, "jobs", limit=3):
        seen.append([told["id"] for told in page])
        JobFactory()
    assert seen == [ids_of(*made[:3:-1]), ids_of(*made[3:0:-1]), ids_of(made[0])]


def test_a_last_page_that_is_full_has_no_next(staff):
    JobFactory.create_batch(2)
    assert staff.get(JOBS, {"limit": 2}).json()["next"] is None


def test_a_page_costs_no_count_no_offset_and_no_large_column(staff):
    JobFactory.create_batch(3)
    with CaptureQueriesContext(connection) as queries:
        staff.get(JOBS, {"limit": 2})
    asked = [query["sql"] for query in queries if "django_jobs_job" in query["sql"]]
    assert len(asked) == 1
    assert not [word for word in ("COUNT", "OFFSET", "kwargs", "result") if word in asked[0]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": "failed"}, "c"),
        ({"status": ["failed", "completed"]}, "bc"),
        ({"name": "tests.add"}, "b"),
        ({"name": ["tests.add", "tests.echo"]}, "abcd"),
        ({"queue_name": "mail"}, "a"),
        ({"queue_name": ["mail", "default"]}, "abcd"),
        ({"priority": 50}, "d"),
        ({"owner": "shop:7"}, "ad"),
        ({"owner": ""}, "bc"),
        ({"argument": "value=1"}, "c"),
        ({"argument": "value=one"}, "a"),
        ({"argument": 'value="one"'}, "a"),
        ({"argument": "value=null"}, "d"),
        ({"argument": "value=[1, 2]"}, ""),
        ({"argument": ["a=3", "b=4"]}, "b"),
        ({"argument": ["a=3", "b=5"]}, ""),
        ({"argument": "_odd__name=1"}, ""),
        ({"argument": "value="}, ""),
        ({"created_after": "2020-01-03T00:00:00Z"}, "cd"),
        ({"created_before": "2020-01-03T01:00:00+01:00"}, "ab"),
        ({"created_after": "2020-01-02T00:00:00Z", "created_before": "2020-01-04T00:00:00Z"}, "bc"),
        ({"owner": "shop:7", "status": "pending", "name": "tests.echo"}, "ad"),
        ({"name": "tests.unheard_of"}, ""),
        ({"owner": "\U0001f355"}, ""),
    ],
)
def test_filters_narrow_the_list(staff, filters, found):
    made = {
        "a": JobFactory(owner="shop:7", queue_name="mail", kwargs={"value": "one"}, **born(day=1)),
        "b": JobFactory(completed=True, name="tests.add", kwargs={"a": 3, "b": 4}, **born(day=2)),
        "c": JobFactory(failed=True, **born(day=3)),
        "d": JobFactory(owner="shop:7", priority=50, kwargs={"value": None}, **born(day=4)),
    }
    assert set(ids(staff.get(JOBS, filters))) == set(ids_of(*(made[letter] for letter in found)))


UNINDEXED = [
    {"name": "tests.add"}, {"queue_name": "mail"}, {"priority": 50}, {"argument": "a=3"}, {"owner": ""},
    {"status": ["pending", "failed"]}, {"owner": "shop:7", "status": "failed"},
    {"status": "failed", "name": "tests.add"},
]  # fmt: skip


@pytest.mark.parametrize("asked", UNINDEXED)
def test_where_no_index_leads_a_page_looks_at_some_jobs_and_the_next_goes_on(staff, monkeypatch, asked):
    monkeypatch.setattr(reading, "WINDOW", 3)
    fields = {"failed": True, "name": "tests.add", "queue_name": "mail", "priority": 50, "kwargs": {"a": 3}}
    owner = {"owner": asked.get("owner", "")}
    match = JobFactory(**fields, **owner)
    made = [JobFactory(completed=True, **(owner or {"owner": "x"})) for _ in range(4)]
    first = staff.get(JOBS, asked).json()
    if asked.keys() != {"owner"} and asked.get("status") != "failed":
        assert (first["jobs"], first["looked_back_to"]) == ([], str(made[1].pk))
    told = [job["id"] for page in pages(staff, JOBS, "jobs", **asked) for job in page]
    assert str(match.pk) in told
    assert len(told) == len({*told})


@pytest.mark.parametrize(
    "asked", [{}, {"status": "failed"}, {"owner": "shop:7"}, {"created_after": "2020-01-01T00:00Z"}]
)
def test_where_an_index_leads_all_jobs_are_looked_at(staff, monkeypatch, asked):
    monkeypatch.setattr(reading, "WINDOW", 1)
    match, _other = JobFactory(failed=True, owner="shop:7"), JobFactory.create_batch(3)
    told = staff.get(JOBS, asked).json()
    assert str(match.pk) in [job["id"] for job in told["jobs"]]
    assert told["looked_back_to"] is None


def test_an_owner_finds_the_oldest_of_many_own_jobs(visitor, monkeypatch):
    monkeypatch.setattr(reading, "WINDOW", 2)
    own = owner_key(visitor.user)
    oldest = JobFactory(failed=True, owner=own)
    JobFactory.create_batch(4, owner=own)
    JobFactory.create_batch(2)
    assert len(ids(visitor.get(JOBS))) == 5
    found = [job["id"] for page in pages(visitor, JOBS, "jobs", status="failed") for job in page]
    assert found == ids_of(oldest)


def test_times_are_looked_for_by_ids(staff):
    with CaptureQueriesContext(connection) as queries:
        assert ids(staff.get(JOBS, {"created_before": "1960-01-01T00:00:00Z"})) == []
    (asked,) = [query["sql"] for query in queries if "django_jobs_job" in query["sql"]]
    assert re.search(r"id.{0,3} < ", asked), asked


@pytest.mark.parametrize("name", ["_x", "a__b", "a__exact", "kwargs", "__", "id"])
def test_an_argument_may_be_called_anything(staff, name):
    match, _other = JobFactory(kwargs={name: 1}), JobFactory(kwargs={name: 2})
    assert ids(staff.get(JOBS, {"argument": f"{name}=1"})) == ids_of(match)


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "lost"},
        {"status": ["failed", "lost"]},
        {"name": "a\x00b"},
        {"owner": "a\x00b"},
        {"queue_name": "a\x00"},
        {"priority": "high"},
        {"priority": "101"},
        {"priority": "9" * 5000},
        {"argument": "value"},
        {"argument": "=1"},
        {"argument": "a b=1"},
        {"argument": "it's=1"},
        {"argument": "value=NaN"},
        {"argument": "value=1e999"},
        {"argument": 'value="\\u0000"'},
        {"argument": 'value="\\ud800"'},
        {"argument": "value=" + "9" * 4000},
        {"argument": "value=" + "[" * 900 + "]" * 900},
        {"created_after": "yesterday"},
        {"created_after": "2020"},
        {"created_after": "1767225600"},
        {"created_before": "-1.5e3"},
        {"created_after": "2020-01-01T00:00:00"},
        {"created_after": "0001-01-01T00:00:00+14:00"},
        {"created_before": "9999-12-31T23:59:59-12:00"},
        {"created_before": "9" * 300},
        {"cursor": "7"},
        {"cursor": "\x00"},
        {"limit": 0},
        {"limit": 101},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "9" * 5000},
        {"statsu": "failed"},
        {"offset": 3},
    ],
)
def test_a_bad_filter_is_refused_by_name(staff, answered, filters):
    refusal = answered(staff.get(JOBS, filters))
    assert refusal.status == 400
    assert next(iter(filters)) in refusal.sentence


def test_a_value_too_deep_to_be_json_is_text(staff):
    assert ids(staff.get(JOBS, {"argument": "value=" + "[" * 50_000})) == []


def test_more_parameters_than_django_reads_are_refused(staff, answered):
    assert answered(staff.get(f"{JOBS}?{urlencode([('name', 'x')] * 2000)}")).status == 400


def test_times_are_understood_where_the_project_keeps_naive_ones(settings):
    from django_jobs.api.moments import as_stored

    settings.USE_TZ, settings.TIME_ZONE = False, "Europe/Berlin"
    assert as_stored(datetime(2026, 1, 1, 12, tzinfo=UTC)) == datetime(2026, 1, 1, 13)


def test_the_log_of_a_job_is_told_in_order(staff):
    record = talk.enqueue(lines=2)
    run_jobs()
    told = staff.get(f"{JOBS}/{record.pk}/logs").json()
    assert [line["message"] for line in told["logs"]] == ["line 1", "step", "line 2", "step"]
    first = told["logs"][0]
    assert set(first) == {"id", "attempt", "level", "logger", "message", "extra", "created_at"}
    assert (first["attempt"], first["level"], first["logger"]) == (1, "WARNING", "tests.jobs")
    assert told["logs"][1]["extra"] == {"number": 1}


def test_log_pages_follow_the_last_id(staff):
    record = JobFactory(running=True)
    JobLog.objects.create(job=JobFactory(), message="another job's")
    lines = [JobLog.objects.create(job=record, message=str(number)) for number in range(5)]
    found = list(pages(staff, f"{JOBS}/{record.pk}/logs", "logs", limit=2))
    assert [[line["message"] for line in page] for page in found] == [["0", "1"], ["2", "3"], ["4"]]
    tail = staff.get(f"{JOBS}/{record.pk}/logs", {"cursor": lines[3].pk}).json()
    assert ([line["message"] for line in tail["logs"]], tail["next"]) == (["4"], None)


def test_log_lines_can_be_had_from_a_level_up(staff):
    record = JobFactory()
    for level in (logging.DEBUG, logging.WARNING, logging.ERROR):
        JobLog.objects.create(job=record, message="said", level=level)
    told = staff.get(f"{JOBS}/{record.pk}/logs", {"level": "WARNING"}).json()
    assert [line["level"] for line in told["logs"]] == ["WARNING", "ERROR"]


@pytest.mark.parametrize(
    "filters", [{"cursor": -1}, {"cursor": 2**63}, {"cursor": "x"}, {"level": "LOUD"}, {"limit": 101}, {"page": 2}]
)
def test_a_bad_question_about_logs_is_refused_by_name(staff, answered, filters):
    refusal = answered(staff.get(f"{JOBS}/{JobFactory().pk}/logs", filters))
    assert refusal.status == 400
    assert next(iter(filters)) in refusal.sentence


def test_no_cache_keeps_an_answer(staff):
    assert "no-store" in staff.get(JOBS)["Cache-Control"]


def test_the_description_names_every_operation_and_filter(staff):
    told = staff.get("/jobs-api/openapi.json").json()
    assert {(path, method) for path, methods in told["paths"].items() for method in methods} == {
        ("/jobs-api/jobs", "get"),
        ("/jobs-api/jobs", "post"),
        ("/jobs-api/jobs/{job_id}", "get"),
        ("/jobs-api/jobs/{job_id}/cancel", "post"),
        ("/jobs-api/jobs/{job_id}/retry", "post"),
        ("/jobs-api/jobs/{job_id}/logs", "get"),
        ("/jobs-api/jobs/{job_id}/progress", "get"),
    }
    parameters = {parameter["name"] for parameter in told["paths"]["/jobs-api/jobs"]["get"]["parameters"]}
    assert {"status", "name", "queue_name", "owner", "argument", "created_after", "cursor", "limit"} <= parameters
    assert "409" in told["paths"]["/jobs-api/jobs/{job_id}/cancel"]["post"]["responses"]
    assert json.dumps(told).count("secret") == 0


def test_what_a_handler_calls_sensitive_is_masked_and_cannot_be_found_out(staff, make_handler):
    def charge(card: str, amount: int) -> None: ...

    record = make_handler(charge, name="tests.charge", sensitive=("card",)).enqueue("4242-4242", amount=7)
    Job.objects.filter(pk=record.pk).update(result={"with": ["4242-4242"]})
    told = staff.get(f"{JOBS}/{record.pk}")
    assert told.json()["arguments"] == {"card": "••••", "amount": 7}
    assert told.json()["result"] == {"with": ["••••"]}
    assert b"4242" not in told.content
    hidden = JobFactory(name="tests.charge", kwargs={"card": "4242-4242", "amount": 7})
    assert ids(staff.get(JOBS, {"argument": "card=4242-4242"})) == []
    assert str(hidden.pk) in ids(staff.get(JOBS, {"argument": "amount=7"}))
