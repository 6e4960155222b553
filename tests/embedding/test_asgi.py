"""A worker that lives as long as an ASGI server."""

import asyncio
import importlib.util
import queue
import signal
import threading
import urllib.request
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.db import connections

from django_jobs.contrib.embedding import with_worker
from django_jobs.models import Job, Worker
from django_jobs.states import JobStatus

from ..jobs import add
from ..waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

STARTUP, SHUTDOWN = {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}


class Server:
    """The lifespan of an ASGI server, in a thread: what it tells the application, and what it hears."""

    def __init__(self, application: Any) -> None:
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, args=(application,), daemon=True)
        self._thread.start()

    def _work(self, application: Any) -> None:
        try:
            asyncio.run(application({"type": "lifespan", "asgi": {"version": "3.0"}}, self._receive, self._send))
        except Exception as error:
            self.error = error

    async def _receive(self) -> dict[str, Any]:
        return await asyncio.to_thread(self._told.get)

    async def _send(self, message: dict[str, Any]) -> None:
        self._heard.put(message)

    def tell(self, message: dict[str, Any]) -> dict[str, Any]:
        """Tell the application something, and return what it answers."""
        self._told.put(message)
        return self._heard.get(timeout=LONG)

    def join(self) -> None:
        """Wait until the application has returned."""
        self._thread.join(LONG)
        assert not self._thread.is_alive()


def a_worker_lives() -> bool:
    try:
        return Worker.objects.filter(stopped_at=None).exists()
    finally:
        connections.close_all()


def speaking(events: list[str], *, startup: str = "complete", fault: bool = False):
    """Return an application that speaks lifespan, and notes what it is told and whether jobs run then."""

    async def application(scope, receive, send):
        assert scope["type"] == "lifespan"
        while True:
            message = await receive()
            alive = await asyncio.to_thread(a_worker_lives)
            events.append(f"{message['type']} {alive}")
            if message["type"] == "lifespan.shutdown":
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": f"lifespan.startup.{startup}"})
            if startup == "failed":
                return
            if fault:
                raise RuntimeError("broke down")

    return application


async def dumb(scope, receive, send):
    raise ValueError(f"no {scope['type']} here")


async def dumb_but_listening(scope, receive, send):
    await receive()
    raise ValueError(f"no {scope['type']} here")


async def silent(scope, receive, send):
    return


@pytest.mark.parametrize("inner", ["django", dumb, dumb_but_listening, silent])
def test_a_worker_lives_beside_an_application_that_knows_no_lifespan(inner):
    server = Server(with_worker(get_asgi_application() if inner == "django" else inner))
    assert server.tell(STARTUP) == {"type": "lifespan.startup.complete"}
    assert add.enqueue(1, 2).wait(LONG).result == 3
    assert server.tell(SHUTDOWN) == {"type": "lifespan.shutdown.complete"}
    server.join()
    assert server.error is None
    assert Worker.objects.get().stopped_at is not None


def test_a_worker_starts_after_an_application_that_speaks_and_stops_before_it():
    events: list[str] = []
    server = Server(with_worker(speaking(events)))
    assert server.tell(STARTUP) == {"type": "lifespan.startup.complete"}
    assert add.enqueue(1, 2).wait(LONG).result == 3
    assert server.tell(SHUTDOWN) == {"type": "lifespan.shutdown.complete"}
    server.join()
    assert events == ["lifespan.startup False", "lifespan.shutdown False"]
    assert Worker.objects.get().stopped_at is not None


def test_no_worker_starts_beside_an_application_that_failed_to():
    server = Server(with_worker(speaking([], startup="failed")))
    assert server.tell(STARTUP) == {"type": "lifespan.startup.failed"}
    server.join()
    assert not Worker.objects.exists()


def test_an_application_that_breaks_down_takes_its_worker_along():
    server = Server(with_worker(speaking([], fault=True)))
    server.tell(STARTUP)
    server.join()
    assert str(server.error) == "broke down"
    assert not Worker.objects.filter(stopped_at=None).exists()


def test_settings_that_no_worker_can_use_fail_the_startup(settings):
    settings.JOBS = {"CONCURRENCI": 1}
    answer = Server(with_worker(dumb)).tell(STARTUP)
    assert answer["type"] == "lifespan.startup.failed"
    assert "CONCURRENCY" in answer["message"]


def test_requests_pass_through():
    heard = []

    async def application(scope, receive, send):
        heard.append((scope, receive, send))

    async def nothing(*_):
        return {}

    asyncio.run(with_worker(application)({"type": "http"}, nothing, nothing))
    assert heard == [({"type": "http"}, nothing, nothing)]
    assert not Worker.objects.exists()


@pytest.mark.skipif(importlib.util.find_spec("uvicorn") is None, reason="uvicorn is not installed")
def test_uvicorn_serves_pages_and_runs_jobs_and_ends_both(start_child, free_port):
    server = start_child(
        "-m", "uvicorn", "tests.embedding.asgi:application", "--port", str(free_port), "--lifespan", "on"
    )
    assert add.enqueue(1, 2).wait(LONG * 2).result == 3
    with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/admin/login/", timeout=LONG) as page:
        assert page.status == 200
    assert Worker.objects.get().concurrency == 2
    server.send_signal(signal.SIGTERM)
    server.wait(LONG)
    wait_until(lambda: Worker.objects.get().stopped_at)
    assert Job.objects.get().status == JobStatus.COMPLETED
