"""The pytest plugin: fixtures of the same names as the functions of `django_jobs.testing`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..models import Job


@pytest.fixture
def run_jobs(db: None) -> Callable[..., list[Job]]:  # noqa: ARG001 - a fixture asks by naming
    """Return `django_jobs.testing.run_jobs`."""
    from .running import run_jobs as function

    return function


@pytest.fixture
def enqueued_jobs(db: None) -> Callable[..., Any]:  # noqa: ARG001 - a fixture asks by naming
    """Return `django_jobs.testing.enqueued_jobs`."""
    from .running import enqueued_jobs as function

    return function
