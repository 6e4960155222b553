"""`manage.py enqueuejob`: a job from a shell, such as the system's cron."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.timezone import is_naive, make_aware

from ...asking import enqueue
from ...exceptions import JobsError
from ..tables import JobsCommand


class Command(JobsCommand):
    """Enqueue a job by its handler's name, and print the job's id. Made for the system's cron."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The handler's name, such as shop.export_orders.")
        parser.add_argument(
            "--kwargs", default="{}", help="The arguments as a JSON object, such as '{\"shop_id\": 7}'."
        )
        parser.add_argument("--delay", help="Run it so much later: seconds, or text such as 5m.")
        parser.add_argument("--run-after", type=_moment, help="Run it then or soon after, such as 2030-12-24T18:00.")
        parser.add_argument("--queue", dest="queue_name", help="The queue (default: the handler's).")
        parser.add_argument("--priority", type=_priority, help="high, normal, low or -100 to 100.")
        parser.add_argument("--max-attempts", type=int, help="Attempts before the job fails.")
        parser.add_argument("--timeout", help="The limit of one attempt: seconds, or text such as 5m.")
        parser.add_argument("--owner", help="Whose job it is.")

    def handle(self, *, name: str, kwargs: str, **options: Any) -> None:
        chosen = ("delay", "run_after", "queue_name", "priority", "max_attempts", "timeout", "owner")
        try:
            record = enqueue(name, _arguments(kwargs), **{option: options[option] for option in chosen})
        except (JobsError, TypeError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(str(record.pk))


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise CommandError(f"--kwargs is not JSON: {error}.") from None
    if not isinstance(arguments, dict):
        raise CommandError("--kwargs must be a JSON object, such as '{\"shop_id\": 7}'.")
    return arguments


def _moment(text: str) -> datetime:
    """Read a time, in the site's zone where the text names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no time, such as 2030-12-24T18:00") from None
    return make_aware(moment) if settings.USE_TZ and is_naive(moment) else moment


def _priority(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text
