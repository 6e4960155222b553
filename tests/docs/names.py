"""What a piece of code names of ours: every such name must exist."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import fields

from django_jobs.attempt import CurrentJob
from django_jobs.options import HandlerOptions, JobOptions
from django_jobs.querysets import JobQuerySet
from django_jobs.settings import JobSettings

OPTIONS = {
    "job": {option.name for option in fields(HandlerOptions)},
    "using": {option.name for option in fields(JobOptions)},
}
KEYS = {key.name for key in fields(JobSettings)}


def wrong_names(text: str) -> list[str]:
    """Return what the code names of this package that is not there."""
    tree = ast.parse(text)
    return [complaint for node in ast.walk(tree) for look in _LOOKS for complaint in look(node)]


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "django_jobs":
        module = importlib.import_module(node.module or "")
        for alias in node.names:
            if not hasattr(module, alias.name) and not _is_module(f"{node.module}.{alias.name}"):
                yield f"{node.module} has no {alias.name}"


def _is_module(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def _options(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        given = {keyword.arg for keyword in node.keywords if keyword.arg}
        if called in OPTIONS and given - OPTIONS[called]:
            yield f"{called}() has no option {', '.join(sorted(given - OPTIONS[called]))}"


def _settings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and _names(node) == {"JOBS"}:
        for key in node.value.keys:
            if isinstance(key, ast.Constant) and key.value not in KEYS:
                yield f"JOBS has no key {key.value!r}"


def _names(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}


def _attributes(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Attribute):
        return
    if isinstance(node.value, ast.Name) and node.value.id == "current_job" and not hasattr(CurrentJob, node.attr):
        yield f"current_job has no {node.attr}"
    if ast.unparse(node.value).startswith("Job.objects") and _is_chain(node) and not hasattr(JobQuerySet, node.attr):
        yield f"Job.objects has no {node.attr}()"


def _is_chain(node: ast.Attribute) -> bool:
    """Tell `Job.objects.a().b` from an attribute of a row that came out of it."""
    inner = node.value
    while isinstance(inner, ast.Call):
        if not isinstance(inner.func, ast.Attribute):
            return False
        if inner.func.attr in {"first", "get", "last", "count"}:
            return False
        inner = inner.func.value
    return ast.unparse(inner) == "Job.objects"


_LOOKS = (_imports, _options, _settings, _attributes)
