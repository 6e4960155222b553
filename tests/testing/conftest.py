"""The fixtures that a project gets from `django_jobs.testing.plugin`."""

from django_jobs.testing.plugin import enqueued_jobs, run_jobs
from tests.handling import make_handler

__all__ = ["enqueued_jobs", "make_handler", "run_jobs"]
