"""One trial on one database: set up, break things, let healthy workers finish, audit, tell."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.core.management import call_command
from django.db import connection

from . import journal
from .audit import Row, Tables, audit
from .journal import Record
from .servers import SERVERS, Server, SQLite
from .telling import tell

if TYPE_CHECKING:
    from .hosts import Hosts

STOP_WITHIN = 30.0
COLUMNS = ("name", "status", "attempts", "max_attempts", "claim_token", "error")


@dataclass(frozen=True)
class Plan:
    """What to do: for how long, with which seed, how hard."""

    vendor: str
    seconds: float
    seed: int
    pause: float
    """Seconds between two acts of the hand, on average."""
    per_second: float
    """Transactions per second that enqueue jobs."""
    finish_within: float
    """Seconds that healthy workers get at the end."""
    keeps: bool
    acts: list[str]
    """What the hand may do; anything if it is empty."""


@dataclass(frozen=True)
class Found:
    """What came out."""

    plan: Plan
    version: str
    record: Record
    tables: Tables
    breaches: dict[str, list[str]]
    acts: Counter[str]
    finished_in: float
    logs: list[str]


def run(plan: Plan) -> bool:
    """Run a trial and print what came out; return whether every promise held."""
    directory = Path(tempfile.mkdtemp(prefix="django_jobs_chaos_"))
    directory.chmod(0o755)  # a server's own account has to reach its part of it
    server = SERVERS[plan.vendor](directory)
    try:
        server.start()
        _set_up(server, directory)
        found = _play(plan, server, directory)
    finally:
        connection.close()
        server.stop()
    tell(found)
    is_kept = not any(found.breaches.values())
    if is_kept and not plan.keeps:
        shutil.rmtree(directory)
    else:
        print(f"\nThe journal and all logs are in {directory}")
    return is_kept


def _set_up(server: SQLite | Server, directory: Path) -> None:
    os.environ[journal.WHERE] = str(directory / "journal.jsonl")
    os.environ["DATABASE_URL"] = server.url
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.chaos.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    from .jobs import EFFECTS

    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {EFFECTS} (job_id varchar(36) NOT NULL)")


def _play(plan: Plan, server: SQLite | Server, directory: Path) -> Found:
    from .hand import Hand
    from .hosts import Hosts

    rng = random.Random(plan.seed)
    hosts = Hosts(rng, directory, plan.per_second)
    try:
        hand = Hand(rng, hosts, server, plan.pause, plan.acts)
        hand.play(plan.seconds)
        hand.let_go()
        late = [host.name for host in hosts.enqueuers if not host.stop(STOP_WITHIN)]
        finished_in = _let_finish(hosts, plan.finish_within)
        late += [host.name for host in hosts.workers if not host.stop(STOP_WITHIN)]
    finally:
        hosts.end()
    record, tables = journal.read(directory / "journal.jsonl"), _read_tables()
    breaches = {**audit(record, tables), "processes that did not end on SIGTERM": late}
    logs = [line for path in directory.glob("*.log") for line in path.read_text(errors="replace").splitlines()]
    return Found(plan, _version(), record, tables, breaches, hand.acts, finished_in, logs)


def _let_finish(hosts: Hosts, seconds: float) -> float:
    """Wait until nothing is left to do; return after how many seconds that was."""
    from django_jobs.models import Job

    began = time.monotonic()
    while Job.objects.unfinished().exists() and time.monotonic() - began < seconds:
        for host in hosts.workers:
            host.tend()
        time.sleep(0.2)
    return time.monotonic() - began


def _read_tables() -> Tables:
    from django_jobs.models import Attempt, Job

    from .jobs import EFFECTS

    rows = [
        Row(str(record.pk), parent=str(record.parent_id or ""), **{name: getattr(record, name) for name in COLUMNS})
        for record in Job.objects.only("parent", *COLUMNS)
    ]
    left = Attempt.objects.values_list("job_id", "claim_token", "number")
    attempts = [(str(pk), token, number) for pk, token, number in left]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT job_id, COUNT(*) FROM {EFFECTS} GROUP BY job_id")
        effects = Counter(dict(cursor.fetchall()))
    return Tables(rows, attempts, effects)


def _version() -> str:
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}[connection.vendor]
    version = connection.get_database_version()
    return f"{name} {'.'.join(map(str, version))}"
