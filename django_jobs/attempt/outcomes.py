"""What an attempt's end means for its job. Pure: nothing is written here."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta
from typing import Any, NamedTuple

from ..arguments import result_json
from ..durations import as_duration
from ..exceptions import (
    CancelInterruption,
    Fail,
    Interruption,
    InvalidArguments,
    InvalidResult,
    JobTimeout,
    Retry,
    ShutdownInterruption,
    Snooze,
    TimeoutInterruption,
    UnknownHandler,
)
from ..handlers import Handler
from ..registry import handlers
from ..settings import job_settings
from ..states import Outcome
from ..store import Claim, Report
from ..store.claims import cancelled_running
from ..texts import storable_text
from .running import Running

logger = logging.getLogger("django_jobs.worker")

MAX_ERROR = 2_000
UNKNOWN_DELAY = timedelta(seconds=30)


class Ending(NamedTuple):
    """An attempt that ended: the report to write, and what receivers are told."""

    running: Running
    report: Report
    value: Any = None
    exception: BaseException | None = None
    traceback: str = ""
    is_written: bool = False
    """Whether the report was already written, in the handler's own transaction."""


def completed(running: Running, value: Any) -> Ending:
    """Return the ending of a handler that returned; its value may turn out to be unstorable."""
    if running.completion is not None:
        return Ending(running, running.completion, value, is_written=True)
    if running.interruption is not None:
        return ended(running, running.interruption)
    try:
        result = result_json(value)
    except InvalidResult as error:
        return ended(running, error)
    claim = running.claim
    return Ending(running, Report(claim.id, claim.claim_token, Outcome.COMPLETED, result), value)


def ended(running: Running, exception: BaseException) -> Ending:
    """Return the ending of a handler that raised; an interruption decides, whatever came out in its stead."""
    if running.completion is not None:
        logger.warning("job %s %s raised after it had completed: %s", running.claim.name, running.claim.id,
                       running.hide(repr(exception)))  # fmt: skip
        return Ending(running, running.completion, exception=exception, is_written=True)
    cause = running.interruption or exception
    known = JobTimeout(str(cause)) if isinstance(cause, TimeoutInterruption) else cause
    report = _report(running, known)
    shown = "" if isinstance(known, Interruption | Snooze) else _traceback_of(running, exception)
    return Ending(running, report, exception=known, traceback=shown)


def unknown(running: Running) -> Ending:
    """Return the ending of a job whose handler is not registered here, as `UNKNOWN_JOBS` wants it."""
    claim = running.claim
    error = UnknownHandler(claim.name, [handler.name for handler in handlers])
    report = Report(claim.id, claim.claim_token, Outcome.FAILED, error=_text(running, error))
    if job_settings().UNKNOWN_JOBS == "wait":
        report = report._replace(outcome=Outcome.SNOOZE, delay=UNKNOWN_DELAY, refunds=True)
    return Ending(running, report, exception=error)


def _report(running: Running, cause: BaseException) -> Report:
    claim, handler, error = running.claim, running.handler, _text(running, cause)
    if isinstance(cause, CancelInterruption):
        return Report(claim.id, claim.claim_token, Outcome.CANCELLED, error=cancelled_running(str(cause)))
    if isinstance(cause, ShutdownInterruption):
        return Report(claim.id, claim.claim_token, Outcome.RELEASED, refunds=True)
    if isinstance(cause, Snooze):
        return Report(claim.id, claim.claim_token, Outcome.SNOOZE, error=error, delay=cause.delay, refunds=True)
    if claim.attempts >= claim.max_attempts or not _deserves_retry(handler, cause):
        return Report(claim.id, claim.claim_token, Outcome.FAILED, error=error)
    return Report(claim.id, claim.claim_token, Outcome.RETRY, error=error, delay=_delay(claim, handler, cause))


def _deserves_retry(handler: Handler[..., Any] | None, cause: BaseException) -> bool:
    if handler is None or isinstance(cause, Fail | InvalidResult | InvalidArguments):
        return False
    if isinstance(cause, Retry):
        return True
    return isinstance(cause, handler.options.retry_on) and not isinstance(cause, handler.options.fail_on)


def _delay(claim: Claim, handler: Handler[..., Any] | None, cause: BaseException) -> timedelta:
    if isinstance(cause, Retry) and cause.delay is not None:
        return cause.delay
    try:
        policy = handler.backoff if handler else job_settings().backoff
        return as_duration(policy(claim.attempts))
    except Exception:
        logger.exception("the backoff of %s failed; the default is used", claim.name)
        return as_duration(job_settings().backoff(claim.attempts))


def _text(running: Running, error: BaseException) -> str:
    try:
        said = running.hide(str(error))
    except Exception:  # noqa: BLE001 - an exception that cannot be printed is still an exception
        said = "(its text could not be made)"
    if isinstance(error, Fail | Retry | Snooze | JobTimeout | UnknownHandler | InvalidResult):
        return storable_text(said, MAX_ERROR)
    kind = type(error).__qualname__
    return storable_text(f"{kind}: {said}" if said else kind, MAX_ERROR)


def _traceback_of(running: Running, error: BaseException) -> str:
    try:
        lines = traceback.format_exception(type(error), error, _below_ours(error))
    except Exception:  # noqa: BLE001 - as above
        return ""
    return storable_text(running.hide("".join(lines)))


def _below_ours(error: BaseException) -> Any:
    """Skip the frames of this package that stand above the handler."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_globals.get("__package__") == __package__:
        step = step.tb_next
    return step or error.__traceback__
