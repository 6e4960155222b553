"""Handlers that live as long as one test."""

from tests.handling import make_handler

__all__ = ["make_handler"]
