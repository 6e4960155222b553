"""How a job moves on, as Server-Sent Events: its state at once, then every change, until it has finished."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from ..models import Job
from .bodies import JobSummary

INTERVAL = 1.0
"""Seconds between two looks at a job: one query each."""
HEARTBEAT = 15
"""Looks without news after which a comment keeps proxies from closing the stream."""
LOOKS = 300
"""Looks after which a stream ends, and the browser asks again with what its user may by then."""
RETRY = "retry: 2000\n\n"

TEXT = {"type": "string"}

RESPONSES: dict[int, dict[str, Any]] = {
    200: {
        "description": "Events whose data is the job as in lists, as JSON text.",
        "content": {"text/event-stream": {"schema": {"type": "object", "properties": {"id": TEXT, "data": TEXT}}}},
    },
    204: {"description": "The last event that you saw was the last."},
}

Look = Callable[[], Job | None]


class Event:
    """A job's state, with an id that changes only when the job does."""

    def __init__(self, job: Job) -> None:
        self.is_last = job.is_finished
        summary = JobSummary.from_orm(job)
        self.id = hashlib.sha256(summary.model_dump_json(exclude={"duration"}).encode()).hexdigest()[:16]
        self.text = f"id: {self.id}\ndata: {summary.model_dump_json()}\n\n"


def answer(request: HttpRequest, job: Job, look: Look) -> HttpResponseBase:
    """Return the stream of a job; where no ASGI server can keep it open, one event, after which browsers ask again."""
    event = Event(job)
    if event.is_last and request.headers.get("Last-Event-ID") == event.id:
        return HttpResponse(status=204)
    if event.is_last or not isinstance(request, ASGIRequest):
        return HttpResponse(RETRY + event.text, content_type="text/event-stream")
    headers = {"X-Accel-Buffering": "no"}  # nginx would wait until it has more
    return StreamingHttpResponse(_events(event, look), content_type="text/event-stream", headers=headers)


async def _events(event: Event, look: Look) -> AsyncIterator[str]:
    await sync_to_async(_let_go)()
    yield RETRY + event.text
    for count in range(1, LOOKS):
        await asyncio.sleep(INTERVAL)
        # in a thread of the pool: that of the request would hold a connection for as long as the stream lasts
        job = await sync_to_async(_looked, thread_sensitive=False)(look)
        if job is None:
            return
        before, event = event, Event(job)
        if event.id != before.id:
            yield event.text
        elif count % HEARTBEAT == 0:
            yield ": still so\n\n"
        if event.is_last:
            return


def _let_go() -> None:
    """Close the connections of this thread, which Django would keep until the answer has ended."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def _looked(look: Look) -> Job | None:
    close_old_connections()
    try:
        return look()
    finally:
        close_old_connections()
