"""Run the shop: site and worker together."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from example_project.shop import devsite


class Command(BaseCommand):
    """Migrate, give the admin a new password, and run site and worker until Ctrl-C."""

    help = "Run the shop's site and worker together until Ctrl-C, with a new one-time password for the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the port."""
        parser.add_argument("--port", type=int, help="the site's port; without it, the first free one from 8000")

    def handle(self, *, port: int | None, **options: Any) -> None:
        """Prepare the database, say where the site is, and run."""
        call_command("migrate", verbosity=0, interactive=False)
        address = f"{devsite.HOST}:{port or devsite.free_port()}"
        self._welcome(address, devsite.renew_admin())
        sys.exit(devsite.run(address))

    def _welcome(self, address: str, password: str) -> None:
        self.stdout.write(
            f"\n  The shop    http://{address}/\n"
            f"  The admin   http://{address}/admin/    user admin, password {password}  (new at every start)\n\n"
            f"  Ctrl-C stops site and worker.\n\n"
        )
        self.stdout.flush()
