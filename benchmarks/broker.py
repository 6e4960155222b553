"""Redis, which some peers need: not a database of ours, so that little of it is asked."""

from __future__ import annotations

import socket
from typing import Any

from benchmarks.servers import Database, Prepare

NUMBER = 13
"""The numbered database that is emptied for each run."""


class Redis(Database):
    """Not a database of ours, but what some peers need: they get one of its numbered databases, emptied."""

    vendor = "redis"

    def __init__(self) -> None:
        self.url = f"redis://127.0.0.1:6379/{NUMBER}"

    def fresh(self, contestant: str, prepare: Prepare, label: str = "") -> str:
        """Empty it, unless it holds what is not ours; a contestant needs nothing there."""
        if self.query("DBSIZE") != "0" and not self._is_ours():
            raise RuntimeError(f"Redis database {NUMBER} holds keys that are not the benchmarks': empty it first")
        self._read("FLUSHDB")
        self._read("SET django_jobs_bench 1")
        prepare(self.url)
        return self.url

    def _is_ours(self) -> bool:
        return bool(self.query("EXISTS django_jobs_bench") == "1")

    def query(self, sql: str) -> Any:
        """Answer a plain Redis command that returns a number or a word."""
        return self._read(sql)[0].lstrip(":+")

    def version(self) -> str:
        """Return the server's."""
        lines = self._read("INFO server")
        return next(line.partition(":")[2] for line in lines if line.startswith("redis_version"))

    def close(self) -> None:
        """Empty it."""
        if self._is_ours():
            self._read("FLUSHDB")

    @staticmethod
    def _read(command: str) -> list[str]:
        with socket.create_connection(("127.0.0.1", 6379), timeout=3) as talk:
            talk.sendall(f"SELECT {NUMBER}\r\n{command}\r\nQUIT\r\n".encode())
            text = b"".join(iter(lambda: talk.recv(65536), b""))
        return text.decode(errors="replace").split("\r\n")[1:]
