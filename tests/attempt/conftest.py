"""Fixtures of the tests of attempts."""

from tests.handling import make_handler

__all__ = ["make_handler"]
