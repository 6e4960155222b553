"""Log records of a running handler, on their way into `JobLog`."""

from __future__ import annotations

import logging
from typing import Any

from django.utils import timezone

from ..settings import job_settings
from ..texts import MAX_TEXT, Unstorable, storable_json, storable_text
from .context import job_logger
from .running import Running, current_running

_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "job_id", "job_name"}
_OWN = "django_jobs."
MAX_EXTRA = 4_000


class CaptureHandler(logging.Handler):
    """Store what is logged inside a handler, through any logger; cost nothing elsewhere.

    Where no other handler hears a record, it goes where Python would have sent it without this one.
    """

    lowest = logging.INFO
    """The level from which on records are stored."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Take no lock: the sink has its own, and handlers of all threads would wait for each other here."""
        passed: Any = self.filter(record)  # since Python 3.12 a filter may give another record
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on to the job that runs in this context, if one does."""
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and not self._is_heard(record.name):
            last.handle(record)
        if record.levelno >= self.lowest:
            self._store(record)

    def _is_heard(self, name: str) -> bool:
        """Tell whether another handler takes the records of this logger."""
        found = logging.root.manager.loggerDict.get(name)  # getLogger() would take a lock
        logger: logging.Logger | None = found if isinstance(found, logging.Logger) else logging.root
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return True
            logger = logger.parent
        return False

    def _store(self, record: logging.LogRecord) -> None:
        running = current_running()
        if running is None or (record.name.startswith(_OWN) and record.name != job_logger.name):
            return
        try:
            running.sink.logged(running, _line(record, running))
        except Exception:  # noqa: BLE001 - a log line must not fail the handler
            self.handleError(record)


def _line(record: logging.LogRecord, running: Running) -> dict[str, Any]:
    message = record.getMessage()
    if record.exc_info:
        message = f"{message}\n{logging.Formatter().formatException(record.exc_info)}"
    return {
        "attempt": running.claim.attempts,
        "level": record.levelno,
        "logger": storable_text(record.name, 200),
        "message": storable_text(running.hide(message), MAX_TEXT),
        "extra": running.hide(_extra_of(record)),
        "created_at": timezone.now(),
    }


def _extra_of(record: logging.LogRecord) -> dict[str, Any]:
    return {storable_text(key, 200): _plain(value) for key, value in vars(record).items() if key not in _STANDARD}


def _plain(value: Any) -> Any:
    """Return a value as it is where JSON can hold it in a few thousand characters, else its beginning as text."""
    try:
        return value if len(storable_json(value, "extra")) <= MAX_EXTRA else storable_text(value, MAX_EXTRA)
    except Unstorable:
        return storable_text(repr(value), MAX_EXTRA)


_capture = CaptureHandler()


def install_capture() -> None:
    """Have the root logger feed job logs, once, from `LOG_LEVEL` up.

    Its level is lowered to that where the project configured neither a handler nor a level of it.
    """
    _capture.lowest = level = job_settings().log_level
    root = logging.getLogger()
    root.addHandler(_capture)  # which does nothing the second time
    if root.handlers == [_capture] and root.level == logging.WARNING > level:
        root.setLevel(level)
    if job_logger.level == logging.NOTSET or job_logger.level > level:
        job_logger.setLevel(level)


def missed_below() -> str:
    """Name the root logger's level where it keeps from jobs what `LOG_LEVEL` would store, or ''."""
    level = logging.getLogger().level
    return logging.getLevelName(level) if level > _capture.lowest else ""
