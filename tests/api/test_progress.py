"""Following a job by Server-Sent Events."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient

from django_jobs import Fail, current_job
from django_jobs.api import progress
from django_jobs.models import Job
from django_jobs.querysets import owner_key
from django_jobs.states import JobStatus
from django_jobs.testing import run_job

from ..factories import JobFactory
from .conftest import Caller

JOBS = "/jobs-api/jobs"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 0.02)


def events(text):
    """Return the events of a stream as dicts of their fields."""
    blocks = [block.splitlines() for block in text.strip().split("\n\n")]
    return [dict(line.split(": ", 1) for line in block if not line.startswith(":")) for block in blocks]


def told(text):
    return [json.loads(event["data"]) for event in events(text) if "data" in event]


def change(job, **fields):
    Job.objects.filter(pk=job.pk).update(**fields)


def test_what_a_job_said_is_streamed_without_what_is_sensitive(staff, make_handler):
    def pay(token: str) -> str:
        current_job.progress(1, 2, f"with {token}")
        raise Fail(token)

    job = run_job(make_handler(pay, sensitive=["token"]).enqueue("abcd-efgh"))
    (last,) = told(staff.get(f"{JOBS}/{job.pk}/progress").content.decode())
    assert (last["error"], last["progress_message"]) == ("••••", "with ••••")


class Stream:
    """One stream of a job under ASGI, read event by event."""

    def __init__(self, client: AsyncClient, job: Job) -> None:
        self.client, self.job = client, job

    async def __aenter__(self):
        self.response = await self.client.get(f"{JOBS}/{self.job.pk}/progress")
        self.chunks: Any = aiter(cast(StreamingHttpResponse, self.response))
        return self

    async def __aexit__(self, *_):
        await self.chunks.aclose()
        self.response.close()

    async def next(self):
        return await asyncio.wait_for(anext(self.chunks), 30)

    async def rest(self):
        return b"".join([chunk async for chunk in self.chunks]).decode()


@pytest.fixture
def watch(transactional_db, staff):
    """Return a function that runs a story with the stream of a job, on an event loop."""
    client = AsyncClient()
    client.cookies = staff.cookies

    def run(job, story):
        async def scene():
            async with Stream(client, job) as stream:
                return await story(stream)

        return asyncio.run(scene())

    return run


def test_a_stream_tells_the_state_at_once_then_every_change_and_ends_with_the_job(watch):
    job = JobFactory(running=True, progress_current=1, progress_total=4)

    async def story(stream):
        first = (await stream.next()).decode()
        await sync_to_async(change)(job, progress_current=3)
        second = (await stream.next()).decode()
        await sync_to_async(change)(job, status=JobStatus.COMPLETED)
        return first, second, await stream.rest()

    first, second, last = watch(job, story)
    assert first.startswith("retry: 2000\n\n")
    assert [state["progress_percent"] for text in (first, second, last) for state in told(text)] == [25, 75, 100]
    assert told(last)[0]["status"] == "completed"
    assert len({event["id"] for text in (first, second, last) for event in events(text) if "id" in event}) == 3


def test_what_does_not_change_is_not_told_again_but_a_comment_keeps_the_line(watch, monkeypatch):
    monkeypatch.setattr(progress, "HEARTBEAT", 5)
    job = JobFactory(running=True)

    async def story(stream):
        await stream.next()
        return await stream.next()

    assert watch(job, story) == b": still so\n\n"


def test_a_stream_ends_after_a_while_so_that_permissions_are_asked_again(watch, monkeypatch):
    monkeypatch.setattr(progress, "LOOKS", 5)
    assert len(told(watch(JobFactory(running=True), lambda stream: stream.rest()))) == 1


def test_a_stream_ends_with_a_job_that_is_deleted(watch):
    job = JobFactory(running=True)

    async def story(stream):
        await stream.next()
        await sync_to_async(job.delete)()
        return await stream.rest()

    assert watch(job, story) == ""


def test_a_stream_ends_when_its_job_may_be_seen_no_more(transactional_db, visitor):
    job = JobFactory(running=True, owner=owner_key(visitor.user))
    client = AsyncClient()
    client.cookies = visitor.cookies

    async def scene():
        async with Stream(client, job) as stream:
            await stream.next()
            await sync_to_async(change)(job, owner="")
            return await stream.rest()

    assert asyncio.run(scene()) == ""


def test_an_open_stream_holds_no_connection(watch):
    async def story(stream):
        await stream.next()
        return await sync_to_async(lambda: connections["default"].connection)()

    assert watch(JobFactory(running=True), story) is None


def test_a_look_leaves_no_connection_open_for_longer_than_the_site_says(transactional_db):
    job = JobFactory()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(progress._looked, lambda: Job.objects.get(pk=job.pk)).result() == job
        assert pool.submit(lambda: connections["default"].connection).result() is None


def test_a_job_that_has_finished_is_one_event_and_no_stream(transactional_db, staff):
    client = AsyncClient()
    client.cookies = staff.cookies
    response = asyncio.run(client.get(f"{JOBS}/{JobFactory(completed=True).pk}/progress"))
    assert not response.streaming
    assert [state["status"] for state in told(response.content.decode())] == ["completed"]


@pytest.mark.parametrize("state", ["pending", "running", "failed"])
def test_under_wsgi_each_question_is_answered_with_one_event(staff, state):
    job = JobFactory(**{state: True})
    response = staff.get(f"{JOBS}/{job.pk}/progress")
    assert response["Content-Type"] == "text/event-stream"
    assert [each["status"] for each in told(response.content.decode())] == [state]
    assert response.content.startswith(b"retry: ")


def test_who_has_seen_the_end_is_sent_away_for_good(staff):
    job = JobFactory(completed=True)
    seen = events(staff.get(f"{JOBS}/{job.pk}/progress").content.decode())[-1]["id"]
    again = staff.get(f"{JOBS}/{job.pk}/progress", headers={"Last-Event-ID": seen})
    assert (again.status_code, again.content) == (204, b"")
    change(job, status=JobStatus.PENDING)  # retried
    assert staff.get(f"{JOBS}/{job.pk}/progress", headers={"Last-Event-ID": seen}).status_code == 200


def test_time_alone_is_no_change(staff):
    job = JobFactory(running=True)
    first, second = (events(staff.get(f"{JOBS}/{job.pk}/progress").content.decode())[-1] for _ in range(2))
    assert first["id"] == second["id"]


def test_a_stream_is_for_those_who_may_see_the_job(visitor, answered):
    job = JobFactory(running=True)
    assert answered(visitor.get(f"{JOBS}/{job.pk}/progress")).status == 404
    assert answered(Caller().get(f"{JOBS}/{job.pk}/progress")).status == 401


def test_the_description_tells_of_the_stream(staff):
    paths = staff.get("/jobs-api/openapi.json").json()["paths"]
    responses = paths["/jobs-api/jobs/{job_id}/progress"]["get"]["responses"]
    assert list(responses["200"]["content"]) == ["text/event-stream"]
    assert {"200", "204", "401", "404"} == set(responses)
