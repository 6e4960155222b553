"""For the tests of those who write handlers: run jobs here and now, inside `TestCase` too."""

from .running import enqueued_jobs, run_job, run_jobs

__all__ = ["enqueued_jobs", "run_job", "run_jobs"]
