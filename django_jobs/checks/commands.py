"""A check of whose `runjobs` runs."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.core.management import get_commands

OURS = "django_jobs"


def check_commands(**_: Any) -> list[checks.CheckMessage]:
    """Say when another app's command hides the worker. django_extensions has one of this name."""
    winner = get_commands().get("runjobs", OURS)
    if winner == OURS:
        return []
    return [
        checks.Warning(
            f"`manage.py runjobs` is the command of {winner!r}, and starts no worker.",
            hint=f'Put "{OURS}" before "{winner}" in INSTALLED_APPS: the first app of a command wins.',
            id="django_jobs.W004",
        )
    ]
