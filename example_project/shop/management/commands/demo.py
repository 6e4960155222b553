"""Run the demo."""

from __future__ import annotations

import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from example_project.shop.demo import run


class Command(BaseCommand):
    """Run all of the shop's jobs on real input, and show them while they run."""

    help = "Fill the shop, run all of its jobs in a real worker, show them live, and sum up what they did."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the time limit."""
        parser.add_argument("--limit", type=float, default=120, help="seconds after which the demo gives up (120)")

    def handle(self, *, limit: float, **options: Any) -> None:
        """Run the demo; exit with 1 when something did not end as it should."""
        if not settings.DEBUG:
            raise CommandError("The demo makes up orders, and so it runs with DEBUG on only.")
        # The worker is stopped on the way out, whoever ends the demo.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            went_well = run.run(sys.stdout, limit)
        except run.DemoStuckError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
        if not went_well:
            sys.exit(1)
