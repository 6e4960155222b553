"""The logger of workers, whose faults stay its own."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any


class SafeLogger(logging.LoggerAdapter[logging.Logger]):
    """Pass records on; a filter of the project's that raises must not end a thread that all jobs need."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Leave the record's fields as they are."""
        return msg, kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log, on behalf of who called."""
        with suppress(Exception):
            super().log(level, msg, *args, **{"stacklevel": 2, **kwargs})


logger = SafeLogger(logging.getLogger("django_jobs.worker"))
