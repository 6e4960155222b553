"""Inserting jobs, by django_jobs and by barer ways: called inside a site."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection, transaction

from benchmarks import jobs
from benchmarks.inside import ARGUMENTS, timed
from django_jobs.ids import uuid7
from django_jobs.models import Job

Way = Callable[[int], object]
SLICE = 50
"""How many of one way come before the other has its turn: the machine's speed moves within a second."""


def enqueue(total: int) -> None:
    """Enqueue one by one."""
    for _ in range(total):
        jobs.noop.enqueue(**ARGUMENTS)


def create(total: int) -> None:
    """Create the same rows as any model's, one by one."""
    for _ in range(total):
        Job.objects.create(name="benchmarks.noop", kwargs=ARGUMENTS)


def one_by_one(total: int) -> dict[str, float]:
    """Return rows a second of both, in autocommit."""
    ways: dict[str, Way] = {"enqueue": enqueue, "create": create}
    seconds = dict.fromkeys(ways, 0.0)
    for way in ways.values():
        way(SLICE)
    for number in range(total // SLICE):
        for name in sorted(ways, reverse=bool(number % 2)):
            seconds[name] += timed(ways[name], SLICE)
    return {name: total // SLICE * SLICE / spent for name, spent in seconds.items()}


def many(total: int) -> dict[str, float]:
    """Return rows a second of each way to insert many, each in one transaction."""
    ways: dict[str, Way] = {"enqueue_many": enqueue_many, "bulk_create": bulk_create}
    if connection.vendor == "postgresql":
        ways |= {"unnest": unnest, "copy": copy}
    for way in ways.values():
        way(1_000)
    there = {name: timed(way, total // 2) for name, way in ways.items()}
    back = {name: timed(ways[name], total // 2) for name in reversed(ways)}
    return {name: total // 2 * 2 / (there[name] + back[name]) for name in ways}


def enqueue_many(total: int) -> None:
    """Enqueue in one call."""
    jobs.noop.enqueue_many(ARGUMENTS for _ in range(total))


def bulk_create(total: int) -> None:
    """Create the same rows as any model's."""
    rows = [Job(name="benchmarks.noop", kwargs=ARGUMENTS) for _ in range(total)]
    with transaction.atomic():
        Job.objects.bulk_create(rows, batch_size=1_000)


def columns() -> dict[str, Any]:
    """Return the columns of a job and their values, as the database wants them."""
    record = Job(name="benchmarks.noop", kwargs=ARGUMENTS)
    fields = Job._meta.concrete_fields
    return {str(f.column): f.get_db_prep_save(getattr(record, f.attname), connection) for f in fields}


def unnest(total: int) -> None:
    """Insert from an array of ids; all else is the same in each row."""
    row = columns()
    others = [name for name in row if name != "id"]
    marks = ", ".join(["%s"] * len(others))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO django_jobs_job ({', '.join(others)}, id) SELECT {marks}, u FROM unnest(%s::uuid[]) AS u",
            [*(row[name] for name in others), [uuid7() for _ in range(total)]],
        )


def copy(total: int) -> None:
    """Stream rows by COPY."""
    row = columns()
    values = list(row.values())
    place = list(row).index("id")
    sql = f"COPY django_jobs_job ({', '.join(row)}) FROM STDIN"
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(sql) as stream:
        for _ in range(total):
            values[place] = uuid7()
            stream.write_row(values)


def flood(threads: int, seconds: float, way: str) -> float:
    """Insert one by one in threads, as those of a web server do, for so long; return rows a second."""
    insert = {"enqueue": enqueue, "create": create}[way]
    counts = [0] * threads
    begin = threading.Barrier(threads + 1)

    def serve(number: int) -> None:
        insert(1)
        begin.wait()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            insert(1)
            counts[number] += 1
        connection.close()

    started = [threading.Thread(target=serve, args=[number]) for number in range(threads)]
    for thread in started:
        thread.start()
    begin.wait()
    began = time.monotonic()
    for thread in started:
        thread.join()
    return sum(counts) / (time.monotonic() - began)
