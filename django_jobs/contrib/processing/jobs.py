"""The handler `data-processing`."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, ValidationError

from ...attempt import current_job
from ...exceptions import Fail
from ...handlers import job
from . import shipped
from .operations import Operation, make_operation

__all__ = ["data_processing", "shipped"]

REFUSALS = (ValueError, LookupError, ArithmeticError, ValidationError, ObjectDoesNotExist)
MOST_BAD_ROWS = 100


@job("data-processing")
def data_processing(batch_id: str, operation: str, data: list[dict[str, Any]], target: str = "") -> dict[str, Any]:
    """Run an operation over rows; report the bad ones and go on.

    Fails at once for an unknown operation, and for data that is no list.
    """
    if not isinstance(data, list):
        raise Fail(f"The data must be a list of rows, not {type(data).__name__}.")
    chosen = make_operation(operation, batch_id, target)
    done, bad = _sort_out(chosen, data)
    return {
        "batch_id": batch_id,
        "operation": operation,
        "rows": len(data),
        "good": len(done),
        "bad": len(bad),
        "bad_rows": bad[:MOST_BAD_ROWS],
        "output": chosen.finish(done),
    }


def _sort_out(chosen: Operation, data: list[dict[str, Any]]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Return what became of the good rows, and what is wrong with the others."""
    done: list[Any] = []
    bad: list[dict[str, Any]] = []
    for number, row in enumerate(data, 1):
        try:
            if not isinstance(row, dict):
                raise ValidationError(f"a row is a dict by name, not {type(row).__name__}")
            done.append(chosen.row(row))
        except REFUSALS as error:
            bad.append({"row": number, "error": _reason(error)})
        if current_job:
            current_job.progress(number, len(data), f"{len(bad)} bad rows" if bad else "")
    return done, bad


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        by_field = getattr(error, "message_dict", {NON_FIELD_ERRORS: error.messages})
        told = {name: " ".join(messages) for name, messages in by_field.items()}
        return "; ".join(text if name == NON_FIELD_ERRORS else f"{name}: {text}" for name, text in told.items())
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error) or type(error).__name__
