"""Going on while the database does not answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connections

from .logger import SafeLogger


class Guard:
    """Take steps that the database may refuse; complain of the first, and again only after one that it took.

    Any other error is a fault of ours, and logged each time.
    """

    def __init__(self, logger: logging.Logger | SafeLogger, complaint: str) -> None:
        self._logger = logger
        self._complaint = complaint
        self._is_silent = False

    def __call__(self, step: Callable[[], None]) -> None:
        """Take a step."""
        try:
            step()
        except (DatabaseError, InterfaceError) as error:
            if not self._is_silent:
                self._logger.error(self._complaint, error)
            self._is_silent = True
            connections.close_all()
        except Exception:  # a thread that ended here would be missed by nobody
            self._logger.exception("a step failed; it is tried again")
        else:
            self._is_silent = False
