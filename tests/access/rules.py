"""Rules that projects might have."""

from typing import Any

from django.http import HttpRequest

from django_jobs.access import JobsAccess
from django_jobs.querysets import JobQuerySet, owner_key

__all__ = ["Open", "OwnOnly", "Unrelated", "owner_key"]


class OwnOnly(JobsAccess):
    """Show staff, too, no more than their own jobs."""

    def visible(self, request: HttpRequest, jobs: JobQuerySet) -> JobQuerySet:
        user = self.user_of(request)
        return jobs.none() if user.is_anonymous else jobs.owned_by(user)


class Open(JobsAccess):
    """Show everybody the jobs of one queue."""

    def visible(self, request: HttpRequest, jobs: JobQuerySet) -> JobQuerySet:
        return jobs.in_queues(["open"])


class Unrelated:
    """No rules at all."""

    visible: Any = None
