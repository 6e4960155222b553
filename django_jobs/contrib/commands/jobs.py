"""The handler `management-command`."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command

from ...exceptions import Fail
from ...handlers import job
from .output import LogLines

RESERVED = {"stdout", "stderr"}


@job("management-command")
def management_command(
    name: str, args: list[Any] | None = None, options: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run a management command that JOBS_COMMANDS allows.

    Fails at once when it is not allowed; a CommandError, or leaving with another code than 0, ends the attempt.
    """
    allowed = list(getattr(settings, "JOBS_COMMANDS", []))
    if name not in allowed:
        raise Fail(f"The command {name!r} is not in JOBS_COMMANDS ({', '.join(allowed) or 'which is empty'}).")
    if RESERVED & set(options or {}):
        raise Fail(f"The options {' and '.join(sorted(RESERVED))} are the job's own.")
    printed: deque[str] = deque(maxlen=100)
    with LogLines(logging.INFO, printed) as stdout, LogLines(logging.WARNING, printed) as stderr:
        _call(name, args or [], {**(options or {}), "stdout": stdout, "stderr": stderr})
    return {"output": list(printed)}


def _call(name: str, args: list[Any], options: dict[str, Any]) -> None:
    try:
        call_command(name, *args, **options)
    except SystemExit as end:
        if end.code:
            raise CommandError(f"{name} left with code {end.code}") from None
