"""`manage.py jobshealth`: the verdict of `monitoring`, for people, scripts and monitors."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from ...durations import as_duration
from ...monitoring import COUNT_LIMIT, MAX_LATENCY, SEVERITY, UNHEALTHY, Health, health
from ..tables import JobsCommand, has_tables


class Command(JobsCommand):
    """Tell how the jobs are doing. Exits with 0 when healthy, 1 when degraded, 2 when unhealthy."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        latency = f"{MAX_LATENCY.total_seconds():g}"
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON.")
        parser.add_argument(
            "--max-latency",
            default=latency,
            help=f"Degraded when a job has been due for longer: seconds, or text such as 5m (default {latency}).",
        )
        parser.add_argument(
            "--min-workers", type=int, default=1, help="Unhealthy with fewer living workers (default 1)."
        )

    def handle(self, *, as_json: bool, max_latency: str, min_workers: int, **_: Any) -> None:
        try:
            found = health(max_latency=as_duration(max_latency), min_workers=min_workers)
        except ValueError as error:
            raise CommandError(f"--max-latency: {error}", returncode=SEVERITY[UNHEALTHY]) from None
        except DatabaseError as error:
            if not has_tables():
                raise
            raise CommandError(f"The database of the jobs does not answer: {error}", returncode=2) from None
        self.stdout.write(json.dumps(found.as_dict(), indent=2) if as_json else "\n".join(_lines(found)))
        if SEVERITY[found.status]:
            raise SystemExit(SEVERITY[found.status])


def _lines(found: Health) -> Iterator[str]:
    yield found.status + "".join(f"\n  {reason}" for reason in found.reasons)
    workers = found.workers
    yield f"workers    {workers.total} ({workers.active} active, {workers.idle} idle)"
    yield "jobs       " + ", ".join(f"{_counted(number)} {status}" for status, number in found.jobs.items())
    waited = "none" if found.oldest_due is None else f"{found.oldest_due.total_seconds():.1f} s"
    yield f"oldest due {waited}"
    average = "" if found.average_seconds is None else f", {found.average_seconds:.3f} s on average"
    yield f"last day   {found.processed} processed{average}"
    yield f"handlers   {', '.join(found.handlers) or 'none'}"


def _counted(number: int) -> str:
    return f"over {COUNT_LIMIT - 1}" if number == COUNT_LIMIT else str(number)
