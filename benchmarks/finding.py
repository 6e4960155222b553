"""Which databases there are, and leaving them clean."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from benchmarks.broker import Redis
from benchmarks.environments import WORK
from benchmarks.servers import VENDORS, Database, MySQL, PostgreSQL, SQLite


@contextmanager
def databases(wanted: Sequence[str] | None = None, *, redis: bool = True) -> Iterator[dict[str, Database]]:
    """Find databases, say which are missing and why, and take away what was made in them, also on SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    WORK.mkdir(parents=True, exist_ok=True)
    found = {}
    for vendor in (*(wanted or VENDORS), *(["redis"] if redis else [])):
        database, reason = find(vendor, WORK)
        if database is None:
            print(f"{vendor}: left out: {reason}")
        else:
            found[vendor] = database
    try:
        yield found
    finally:
        for database in found.values():
            with suppress(Exception):  # a server that does not answer keeps what was made, and no other
                database.close()
        shutil.rmtree(WORK, ignore_errors=True)


def find(vendor: str, folder: Path) -> tuple[Database | None, str]:
    """Return a database of this vendor, or None and why there is none."""
    if vendor == "sqlite":
        return SQLite(folder), ""
    if vendor == "redis":
        return _find_redis()
    search = import_module("scripts.test_all").find
    kind = {"postgresql": PostgreSQL, "mysql": MySQL}[vendor]
    server, reason = search(vendor)
    if server is None:  # it makes a database to see whether it may, which fails while another is being made
        time.sleep(1)
        server, reason = search(vendor)
    return (kind(server), "") if server else (None, reason)


def _find_redis() -> tuple[Database | None, str]:
    server = Redis()
    try:
        server.version()
    except (OSError, StopIteration) as error:
        return None, f"no Redis on 127.0.0.1:6379 ({error})"
    return server, ""
