"""Checks of `JOBS`, and of the environment it is read from."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from ..conf import UnknownVariable, unknown_variables
from ..settings import JobSettings, Problem, find_problems, job_settings

KEYS = {field.name for field in fields(JobSettings)}


def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """Say what is wrong with `JOBS`."""
    problems = find_problems(getattr(settings, "JOBS", {}))
    return [_error(problem) for problem in problems or _problems_of_access()]


def _problems_of_access() -> list[Problem]:
    """Import the class that `ACCESS` names, which reading the settings must not do."""
    from ..access import JobsAccess  # which loads much that a worker's process never needs

    path = job_settings().ACCESS
    try:
        if issubclass(import_string(path), JobsAccess):
            return []
        wrong = f"{path} is no subclass of JobsAccess"
    except (ImportError, TypeError) as error:
        wrong = f"{path} cannot be imported as a class: {error}"
    return [Problem("ACCESS", f"JOBS['ACCESS'] is wrong: {wrong}.", f"The default is {JobSettings.ACCESS!r}.")]


def _error(problem: Problem) -> checks.Error:
    known = "E003" if problem.key in KEYS else "E002"
    number = "E001" if problem.key == "JOBS" else known
    return checks.Error(problem.message, hint=problem.hint, id=f"django_jobs.{number}")


def check_environment(**_: Any) -> list[checks.CheckMessage]:
    """Name the variables that `jobs_from_env` passed over."""
    return [_warning(variable) for variable in unknown_variables()]


def _warning(variable: UnknownVariable) -> checks.Warning:
    hint = f"Did you mean {variable.nearest}?" if variable.nearest else "Rename it, if it is not meant for JOBS."
    return checks.Warning(
        f"{variable.name} is set, but no key of JOBS is read from it.", hint=hint, id="django_jobs.W001"
    )
