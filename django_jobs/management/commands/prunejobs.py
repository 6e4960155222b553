"""`manage.py prunejobs`: old jobs out, in small transactions."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from ...durations import as_duration
from ...pruning import prunable, prune
from ...querysets import jobs_database
from ...settings import job_settings
from ...states import FINISHED, JobStatus
from ...store import get_store
from ..tables import JobsCommand


class Command(JobsCommand):
    """Delete jobs that finished longer ago than RETENTION, with their logs, events and attempts."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=_age,
            metavar="AGE",
            help="Seconds, or text such as 7d or 12h (default JOBS['RETENTION']).",
        )
        parser.add_argument(
            "--status",
            action="append",
            choices=sorted(status.value for status in FINISHED),
            help="Only jobs of this status; may be given again (default: all that are finished).",
        )
        parser.add_argument("--batch-size", type=int, default=1000, help="Jobs per transaction (default 1000).")
        parser.add_argument("--dry-run", action="store_true", help="Only tell how many would be deleted.")

    def handle(self, *, batch_size: int, dry_run: bool, **options: Any) -> None:
        age = _chosen_age(options["older_than"])
        if batch_size < 1:
            raise CommandError("--batch-size must be at least 1.")
        alias = jobs_database()
        cutoff = get_store(alias).now() - age
        statuses = [JobStatus(name) for name in options["status"] or sorted(FINISHED)]
        if dry_run:
            number = sum(prunable(each, cutoff, alias).count() for each in statuses)
            self.stdout.write(f"{number} jobs would be deleted.")
            return
        number = 0
        while deleted := prune(cutoff, limit=batch_size, alias=alias, statuses=statuses):
            number += deleted
        self.stdout.write(f"{number} jobs deleted.")


def _chosen_age(older_than: timedelta | None) -> timedelta:
    age = job_settings().RETENTION if older_than is None else older_than
    if older_than is None and not age:
        raise CommandError("JOBS['RETENTION'] is 0, so that jobs are kept for ever; give --older-than.")
    return age


def _age(text: str) -> timedelta:
    try:
        return as_duration(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
