"""The ASGI lifespan of an application with something beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, Protocol

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Django's, Starlette's and others' own types of the three arguments exclude each other.
ASGIApplication = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]

logger = logging.getLogger("django_jobs.worker")


class Companion(Protocol):
    """What starts after the application, and stops before it."""

    def start(self) -> None:
        """Start; must not block."""

    def stop(self) -> bool:
        """Stop, and wait until that is done."""


class Lifespan:
    """One life of a server: its startup and shutdown, passed on to the application if that speaks lifespan."""

    def __init__(self, application: ASGIApplication, make_companion: Callable[[], Companion]) -> None:
        self._application = application
        self._make_companion = make_companion
        self._has_begun = False
        self._is_answered = False
        self._is_running = False

    async def run(self, scope: Any, receive: Receive, send: Send) -> None:
        """Live from startup to shutdown; the companion is stopped however that ends."""
        try:
            await self._let_application_speak(scope, receive, send)
            if not self._is_answered:
                await self._speak_alone(receive, send)
        finally:
            await self._stop()

    async def _let_application_speak(self, scope: Any, receive: Receive, send: Send) -> None:
        async def hear() -> Message:
            message = await receive()
            self._has_begun = True
            if message["type"] == "lifespan.shutdown":
                await self._stop()
            return message

        async def say(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._start()
            self._is_answered = True
            await send(message)

        try:
            await self._application(scope, hear, say)
        except Exception as error:
            if self._is_answered:
                raise
            # how an application says that it does not speak lifespan: the protocol has no other way
            logger.debug("the application has no lifespan of its own: %s", error)

    async def _speak_alone(self, receive: Receive, send: Send) -> None:
        if not self._has_begun:
            await receive()
        try:
            self._start()
        except Exception as error:  # noqa: BLE001 - the server tells it, and ends
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _start(self) -> None:
        self._companion = self._make_companion()
        self._companion.start()
        self._is_running = True

    async def _stop(self) -> None:
        if self._is_running:
            self._is_running = False
            await asyncio.to_thread(self._companion.stop)
