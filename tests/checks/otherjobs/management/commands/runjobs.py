"""A command that runs something else."""

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Run other jobs."""

    def handle(self, *args, **options):
        self.stdout.write("other jobs")
