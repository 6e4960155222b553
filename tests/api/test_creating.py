"""Enqueueing over HTTP."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from django_jobs import job
from django_jobs.models import Job
from django_jobs.querysets import owner_key
from django_jobs.states import JobStatus
from django_jobs.testing import run_jobs

JOBS = "/jobs-api/jobs"


def test_a_job_is_enqueued_and_runs(staff, greet):
    response = staff.send(JOBS, {"name": "tests.greet", "arguments": {"who": "Ada", "times": 2}})
    told = response.json()
    assert (response.status_code, told["status"], told["name"]) == (201, "pending", "tests.greet")
    assert (told["arguments"], told["queue_name"]) == ({"who": "Ada", "times": 2}, "greetings")
    run_jobs()
    told = staff.get(f"{JOBS}/{told['id']}").json()
    assert (told["status"], told["result"], told["progress_percent"]) == ("completed", "Hello Ada! Hello Ada! ", 100)


def test_type_and_metadata_mean_name_and_arguments(staff, greet):
    response = staff.send(JOBS, {"type": "tests.greet", "metadata": {"who": "Ada"}})
    assert (response.status_code, response.json()["arguments"]) == (201, {"who": "Ada"})


def test_who_enqueues_owns_the_job(staff, greet):
    told = staff.send(JOBS, {"name": "tests.greet", "arguments": {"who": "Ada"}}).json()
    assert told["owner"] == owner_key(staff.user) == Job.objects.get().owner


@pytest.mark.parametrize(
    ("option", "value", "kept"),
    [("priority", "high", 50), ("priority", -7, -7), ("queue_name", "slow", "slow")],
)
def test_options_reach_the_job(staff, greet, option, value, kept):
    staff.send(JOBS, {"name": "tests.greet", "arguments": {"who": "Ada"}, option: value})
    assert getattr(Job.objects.get(), option) == kept


@pytest.mark.parametrize("delay", [60, "1m", 60.0])
def test_a_delay_schedules_the_job(staff, greet, delay):
    staff.send(JOBS, {"name": "tests.greet", "arguments": {"who": "Ada"}, "delay": delay})
    record = Job.objects.get()
    assert record.status == JobStatus.SCHEDULED
    assert abs(record.run_after - timezone.now() - timedelta(minutes=1)) < timedelta(seconds=20)


def test_a_time_schedules_the_job_in_whatever_zone_it_is_given(staff, greet):
    staff.send(JOBS, {"name": "tests.greet", "arguments": {"who": "A"}, "run_after": "2990-05-01T12:00:00+02:00"})
    record = Job.objects.get()
    assert (record.status, record.run_after) == (JobStatus.SCHEDULED, datetime(2990, 5, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"arguments": {}}, "tests.greet(): missing a required argument: 'who'"),
        ({"arguments": {"who": "A", "self": 1}}, "argument 'self'"),
        ({"arguments": {"who": "A", "whom": 1}}, "unexpected keyword argument 'whom'"),
        ({"arguments": {"who": "a\x00b"}}, "NUL"),
        ({"arguments": {"who": 2**1100}}, "1024 bits"),
        ({"arguments": [1]}, "arguments: "),
        ({"arguments": "x"}, "arguments: "),
        ({"arguments": None}, "arguments: "),
        ({"name": 5}, "name: "),
        ({"nmae": "x"}, "nmae: Extra inputs"),
        ({"priority": 101}, "priority=101"),
        ({"priority": "urgent"}, "priority='urgent'"),
        ({"priority": True}, "priority"),
        ({"priority": 10**400}, "priority"),
        ({"delay": -1}, "negative"),
        ({"delay": "soon"}, "not a duration"),
        ({"delay": 1e300}, "delay"),
        ({"delay": "9" * 400}, "delay"),
        ({"delay": True}, "delay"),
        ({"delay": 1, "run_after": "2990-05-01T12:00:00Z"}, "not both"),
        ({"run_after": "2990-05-01T12:00:00"}, "run_after: "),
        ({"run_after": "yesterday"}, "run_after: "),
        ({"run_after": "9999-12-31T23:59:59-12:00"}, "the year must lie between"),
        ({"run_after": 1e30}, "run_after: "),
        ({"queue_name": ""}, "queue_name=''"),
        ({"queue_name": "a,b"}, "queue_name='a,b'"),
        ({"queue_name": "q" * 101}, "queue_name="),
        ({"queue_name": "a\x00b"}, "queue_name"),
        ({"owner": "auth.user:1"}, "owner: Extra inputs"),
    ],
)
def test_what_cannot_be_enqueued_is_refused_with_a_sentence(staff, greet, answered, change, says):
    refusal = answered(staff.send(JOBS, {"name": "tests.greet", "arguments": {"who": "Ada"}} | change))
    assert refusal.status == 422
    assert says in refusal.sentence
    assert not Job.objects.exists()


def test_a_payload_over_the_limit_is_refused(staff, greet, answered, settings):
    settings.JOBS = {**settings.JOBS, "MAX_PAYLOAD": 100}
    refusal = answered(staff.send(JOBS, {"name": "tests.greet", "arguments": {"who": "A" * 200}}))
    assert refusal.status == 422
    assert "MAX_PAYLOAD" in refusal.sentence


def test_a_body_over_djangos_limit_is_refused(staff, greet, answered, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert answered(staff.send(JOBS, {"name": "tests.greet", "arguments": {"who": "A" * 200}})).status == 413


def test_a_schema_has_its_word(staff, make_handler, answered):
    def ship(count: int) -> None: ...

    make_handler(ship, name="tests.ship", allow_api=True, validate=True)
    refusal = answered(staff.send(JOBS, {"name": "tests.ship", "arguments": {"count": "many"}}))
    assert refusal.status == 422
    assert "kwargs['count']" in refusal.sentence
    assert staff.send(JOBS, {"name": "tests.ship", "arguments": {"count": "3"}}).json()["arguments"] == {"count": 3}


@pytest.mark.parametrize("name", ["tests.internal", "tests.unheard_of", "", "a\x00b", "\ud800"])
def test_a_handler_that_takes_no_jobs_over_http_is_as_unknown_as_one_that_is_not(staff, internal, answered, name):
    refusal = answered(staff.send(JOBS, json.dumps({"name": name})))
    assert refusal.status == 422
    assert not Job.objects.exists()


def test_the_nearest_open_handler_is_named(staff, greet, internal, answered):
    assert "Did you mean 'tests.greet'?" in answered(staff.send(JOBS, {"name": "tests.great"})).sentence
    assert "tests.internal" not in answered(staff.send(JOBS, {"name": "tests.internals"})).sentence.replace(
        "'tests.internals'", ""
    )


@pytest.mark.parametrize("name", ["tests.greet", "tests.internal", "tests.unheard_of"])
def test_who_may_not_enqueue_learns_no_names(make_caller, greet, internal, answered, name):
    for caller in (make_caller("view_job"), make_caller("add_job", is_staff=False)):
        refusal = answered(caller.send(JOBS, {"name": name, "arguments": {"who": "Ada"}}))
        assert (refusal.status, refusal.sentence) == (403, "You may not enqueue this job.")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [("{", 400), ("[" * 100_000, 400), ("\xff", 400), ("[]", 422), ("null", 422), ("7", 422), ("", 422)],
)
def test_a_body_that_is_no_job_is_refused(staff, answered, body, status):
    assert answered(staff.send(JOBS, body)).status == status


@pytest.mark.parametrize(("depth", "status"), [(29, 201), (30, 422), (900, 422), (50_000, 400)])
def test_arguments_as_deep_as_every_database_keeps_are_taken(staff, greet, depth, status):
    body = f'{{"name": "tests.greet", "arguments": {{"who": {"[" * depth}{"]" * depth}}}}}'
    assert staff.send(JOBS, body).status_code == status


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_json_does_not_know_are_refused(staff, greet, answered, number):
    refusal = answered(staff.send(JOBS, f'{{"name": "tests.greet", "arguments": {{"who": {number}}}}}'))
    assert refusal.status == 422
    assert "kwargs['who']" in refusal.sentence


def test_the_handlers_of_a_project_are_closed_unless_they_say_otherwise():
    @job("tests.closed_by_default")
    def closed() -> None: ...

    assert closed.options.allow_api is False
