"""A command that does what its options say."""

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Print, and leave in one way or another."""

    def add_arguments(self, parser):
        parser.add_argument("lines", nargs="*")
        parser.add_argument("--leave", type=int)
        parser.add_argument("--broken", action="store_true")

    def handle(self, *, lines, leave, broken, **options):
        for line in lines:
            self.stdout.write(line)
        self.stderr.write("mind the gap")
        self.stdout.write("the end", ending="")
        if broken:
            raise CommandError("no use")
        if leave is not None:
            raise SystemExit(leave)
