"""Fixtures of the tests of commands."""

from tests.handling import make_handler, runjobs, set_jobs, start_worker

__all__ = ["make_handler", "runjobs", "set_jobs", "start_worker"]
