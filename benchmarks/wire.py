"""Counting statements on their way to PostgreSQL, whoever sends them and by whichever driver.

A relay between a worker and the server reads the frontend's messages (PostgreSQL's manual, "Message Formats"): one
`Q` for each simple query, one `E` for each execution of a prepared one. What does not fit the format ends a
connection rather than a measurement.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit, urlunsplit

NEGOTIATIONS = {80877103, 80877104}
"""The codes by which a client first asks for TLS or GSSAPI; another untyped message follows."""
STATEMENTS = (b"Q", b"E")


class Wire:
    """A relay to the server of a URL, while it is entered."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.statements = 0
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait(10)
        who = f"{self._parts.username}@" if self._parts.username else ""
        self.url = urlunsplit(self._parts._replace(netloc=f"{who}127.0.0.1:{self._port}"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._relay, "127.0.0.1", 0))
        self._port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the server, by TCP or by a socket in a directory that stands in the host's place."""
        host, port = unquote(self._parts.hostname or "127.0.0.1"), self._parts.port or 5432
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _relay(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        server, forth = await self._connect()
        answers = asyncio.ensure_future(_copy(server, back))
        try:
            await self._count(client, forth)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            forth.close()
            await answers

    async def _count(self, client: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
        code = None
        while code is None or code in NEGOTIATIONS:
            head = await client.readexactly(8)
            length, code = struct.unpack("!II", head)
            forth.write(head + await client.readexactly(length - 8))
        while True:
            head = await client.readexactly(5)
            self.statements += head[:1] in STATEMENTS
            (length,) = struct.unpack("!I", head[1:])
            forth.write(head + await client.readexactly(length - 4))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while text := await source.read(65536):
            target.write(text)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()
