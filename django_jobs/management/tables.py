"""Commands on a database that has not been migrated."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from ..models import Job
from ..querysets import jobs_database


class JobsCommand(BaseCommand):
    """A command that asks for `migrate` where the tables of the jobs are missing."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command; raise CommandError instead of the database's complaint about a table."""
        try:
            return super().execute(*args, **options)
        except DatabaseError as error:
            if has_tables():
                raise
            message = "The tables of django_jobs are missing: run `python manage.py migrate` first."
            raise CommandError(message, returncode=2) from error


def has_tables() -> bool:
    """Tell whether the database of the jobs was migrated, or does not answer."""
    alias = jobs_database()
    try:
        return Job._meta.db_table in connections[alias].introspection.table_names()
    except DatabaseError:
        return True  # it does not answer, which is another complaint
