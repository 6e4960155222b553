"""The reference says what the code says: the same names, the same defaults, nothing missing, nothing invented."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from django.dispatch import Signal

import django_jobs
from django_jobs import conf, exceptions, signals, testing
from django_jobs.attempt import CurrentJob
from django_jobs.durations import as_duration
from django_jobs.handlers import get_handler
from django_jobs.models import Job
from django_jobs.options import HandlerOptions, JobOptions
from django_jobs.querysets import JobQuerySet, QueueQuerySet, WorkerQuerySet
from django_jobs.registry import handlers
from django_jobs.settings import JobSettings
from django_jobs.states import MOVES, JobStatus, Outcome
from tests.docs.pages import DOCS, PAGES, ROOT, codes, section

PACKAGE = ROOT / "django_jobs"
COMMANDS = sorted(path.stem for path in (PACKAGE / "management" / "commands").glob("[a-z]*.py"))
MODELS = ["Job", "JobLog", "JobEvent", "Attempt", "Worker", "Queue", "Stat"]


def written(page: str, heading: str) -> dict[str, str]:
    """Return a table's second column by its first."""
    return {row.plain(0): row.plain(1) for row in section(page, heading).rows}


def as_default(text: str, like: Any) -> Any:
    """Return a default as it is written in a table."""
    if "Exception" in text:
        return eval(text)
    value = ast.literal_eval(text)
    return as_duration(value) if isinstance(like, timedelta) else value


def defaults_of(kind: type) -> dict[str, Any]:
    assert is_dataclass(kind)
    return {option.name: option.default for option in fields(kind)}


def public(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def called(texts: Iterable[str]) -> set[str]:
    """Return the names of what is written as `name(arguments)`."""
    return {text.partition("(")[0].rpartition(".")[2] for text in texts}


@pytest.mark.parametrize(
    ("page", "heading", "kind"),
    [
        ("README.md", "Settings", JobSettings),
        ("reference/settings.md", "JOBS", JobSettings),
        ("reference/handlers.md", "Options of @job", HandlerOptions),
        ("reference/handlers.md", "Options of using", JobOptions),
    ],
)
def test_options_are_those_of_the_code_with_their_defaults(page, heading, kind):
    defaults = defaults_of(kind)
    documented = {name: as_default(text, defaults.get(name)) for name, text in written(page, heading).items()}
    assert documented == defaults


def test_a_worker_takes_the_documented_options():
    parameters = list(inspect.signature(django_jobs.Worker).parameters.values())[1:]
    documented = {
        name: ast.literal_eval(text)
        for name, text in written("reference/names.md", "Worker").items()
        if "(" not in name
    }
    assert documented == {parameter.name: parameter.default for parameter in parameters}


def test_every_public_name_is_documented():
    assert set(codes("reference/names.md", "Names in django_jobs")) == set(django_jobs.__all__)


def test_functions_by_name_are_those_of_asking():
    asking = importlib.import_module("django_jobs.asking")
    functions = {
        name
        for name, value in vars(asking).items()
        if inspect.isfunction(value) and value.__module__ == asking.__name__
    }
    assert called(codes("reference/handlers.md", "By name")) == public(functions)


def test_documented_handler_attributes_exist():
    handler = get_handler("tests.add")
    documented = [row.plain(0).partition("(")[0] for row in section("reference/handlers.md", "Handler").rows]
    assert documented[0] == "handler"
    for text in documented[1:]:
        assert hasattr(handler, text.removeprefix("handler.")), text


def test_everything_that_current_job_can_do_is_documented():
    page = (DOCS / "reference" / "current-job.md").read_text(encoding="utf-8").partition("## ")[0]
    documented = called(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))
    assert documented == public(vars(CurrentJob))


def test_every_question_is_documented():
    verbs = {"cancel", "retry", "run_now"}
    questions = public(name for name, value in vars(JobQuerySet).items() if inspect.isfunction(value)) - verbs
    assert called(codes("reference/jobs.md", "Questions")) == questions
    assert called(codes("reference/jobs.md", "Verbs", column=1)) == verbs


def test_worker_questions_are_documented():
    own = {name for name, value in vars(WorkerQuerySet).items() if inspect.isfunction(value)}
    assert called(codes("reference/jobs.md", "Workers")) == public(own)


def test_documented_attributes_of_a_job_exist():
    for text in [*codes("reference/jobs.md", "More on a job"), *codes("reference/jobs.md", "Verbs")]:
        if text.startswith("record."):
            assert hasattr(Job, text.removeprefix("record.").partition("(")[0]), text


def test_queue_questions_and_verbs_are_documented():
    own = {name for name, value in vars(QueueQuerySet).items() if inspect.isfunction(value)}
    assert called(codes("reference/jobs.md", "Queues")) == own


@pytest.mark.parametrize("name", MODELS)
def test_every_field_of_a_model_is_documented(name):
    model = apps.get_model("django_jobs", name)
    in_code = [column.name for column in model._meta.concrete_fields]
    assert codes("reference/models.md", name) == in_code


def test_every_model_is_documented():
    assert {model.__name__ for model in apps.get_app_config("django_jobs").get_models()} == set(MODELS)


def test_every_signal_is_documented():
    in_code = [name for name, value in vars(signals).items() if isinstance(value, Signal)]
    assert sorted(codes("reference/signals.md", "Signals")) == sorted(in_code)


def test_signals_and_their_docstrings_name_the_same_arguments():
    source = (PACKAGE / "signals.py").read_text(encoding="utf-8")
    told = dict(re.findall(r'^(job_\w+) = Signal\(\)\n"""(.*?)"""', source, re.MULTILINE | re.DOTALL))
    for row in section("reference/signals.md", "Signals").rows:
        assert row.codes(1) == re.findall(r"`(\w+)`", told[row.plain(0)]), row.plain(0)


def test_signals_bring_the_documented_arguments(transactional_db):
    heard: dict[str, set[str]] = {}
    documented = {row.plain(0): set(row.codes(1)) for row in section("reference/signals.md", "Signals").rows}

    def listen(name: str) -> Callable[..., None]:
        def receiver(sender, signal, **arguments):
            heard[name] = set(arguments)

        getattr(signals, name).connect(receiver, weak=False, dispatch_uid="docs")
        return receiver

    for name in documented:
        listen(name)
    try:
        get_handler("tests.talk").enqueue()
        get_handler("tests.fail").using(max_attempts=2).enqueue()
        get_handler("tests.echo").enqueue().cancel()
        testing.run_jobs(scheduled=True)
    finally:
        for name in documented:
            getattr(signals, name).disconnect(dispatch_uid="docs")
    assert heard == documented


def test_every_exception_is_documented():
    in_code = {
        name for name, value in vars(exceptions).items() if isinstance(value, type) and issubclass(value, BaseException)
    }
    assert set(codes("reference/exceptions.md", "Exceptions")) >= in_code
    rows = {row.plain(0) for row in section("reference/exceptions.md", "Exceptions").rows}
    assert rows == in_code


def test_the_tree_of_exceptions_is_that_of_the_code():
    page = (DOCS / "reference" / "exceptions.md").read_text(encoding="utf-8")
    tree = page.partition("```text\n")[2].partition("```")[0]
    branches: list[str] = []
    for line in filter(str.strip, tree.splitlines()):
        depth = len(re.match(r"[│├└─ ]*", line)[0]) // 4  # type: ignore[index]
        name, *others = re.findall(r"[A-Z]\w+", line)
        branches[depth:] = [name]
        bases = {base.__name__ for base in vars(exceptions).get(name, Exception).__mro__}
        assert bases >= {*branches, *others}, line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_of_a_command_is_documented(name):
    command = load_command_class("django_jobs", name)
    common = {flag for action in BaseCommand().create_parser("", "")._actions for flag in action.option_strings}
    actions = command.create_parser("manage.py", name)._actions
    flags = {flag for action in actions for flag in action.option_strings} - common
    documented = {code.split()[0] for code in codes("reference/commands.md", name)}
    assert documented - {"-v"} == flags


def test_every_check_is_documented():
    sources = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "checks").glob("*.py"))
    ids = {f"django_jobs.{number}" for number in re.findall(r"\b[EIW]\d{3}\b", sources)}
    assert set(codes("reference/checks.md", "System checks")) == ids


def test_testing_is_documented():
    assert called(codes("reference/testing.md", "django_jobs.testing")) == set(testing.__all__)


def test_statuses_moves_and_outcomes_are_those_of_the_code():
    page = "explanation/states.md"
    assert set(written(page, "The states of a job")) == set(JobStatus.values)
    assert {row.plain(0): (set(row.plain(1).split(", ")), row.plain(2)) for row in section(page, "Moves").rows} == {
        verb.value: ({str(source) for source in move.sources}, str(move.target)) for verb, move in MOVES.items()
    }
    assert set(written(page, "Outcomes")) == set(Outcome.values)


def test_second_names_of_variables_are_those_of_the_code():
    documented = written("how-to/environment.md", "Names from other systems")
    aliases = {conf.PREFIX + alias: key for alias, key in conf.ALIASES.items()}
    assert {name: key for name, key in documented.items() if "=" not in name} == aliases
    page = (DOCS / "how-to" / "environment.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in conf.AMBIGUOUS)


def test_contrib_handlers_are_documented():
    sources = {path: path.read_text(encoding="utf-8") for path in (PACKAGE / "contrib").rglob("jobs.py")}
    in_code = {
        f"django_jobs.contrib.{path.parent.name}": name
        for path, text in sources.items()
        for name in re.findall(r'^@job\("([\w-]+)"', text, re.MULTILINE)
    }
    assert written("reference/contrib.md", "Contrib") == in_code


def test_the_http_api_is_documented():
    pytest.importorskip("ninja", reason="the extra `api` is not installed")
    from django_jobs.api.bodies import NewJob
    from django_jobs.api.filters import JobFilters
    from django_jobs.api.routes import OPERATIONS

    operations = {f"{method} {path}" for method, path, *_ in OPERATIONS}
    assert set(written("reference/http.md", "The HTTP API")) == operations
    assert set(written("reference/http.md", "Filters")) == set(JobFilters.model_fields)
    assert set(written("reference/http.md", "Enqueue")) == set(NewJob.model_fields)


def test_the_rules_of_access_are_documented():
    from django_jobs.access import JobsAccess

    rules = called(codes("reference/access.md", "Rules of your own"))
    assert rules >= public(vars(JobsAccess))


def test_the_facts_of_a_status_page_are_documented():
    from django_jobs.showing import SHOWN

    told = " ".join(section("reference/http.md", "Status pages").lines)
    assert all(f"`{name}`" in told for name in SHOWN)


def test_every_permission_is_documented():
    own = {
        codename for model in apps.get_app_config("django_jobs").get_models() for codename, _ in model._meta.permissions
    }
    documented = {row.plain(0) for row in section("reference/access.md", "Access").rows}
    assert own | {f"{action}_job" for action in Job._meta.default_permissions} == documented


def test_extras_and_versions_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    brought = {
        extra: ", ".join(re.split(r"[\[>=]", requirement)[0] for requirement in requirements)
        for extra, requirements in project["optional-dependencies"].items()
    }
    assert written("reference/install.md", "Extras") == brought
    versions = written("reference/install.md", "Versions")
    pythons = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert versions["Python"] == f"{pythons[0]} to {pythons[-1]}"
    assert re.findall(r"\d\.\d", versions["Django"]) == re.findall(
        r"Django :: (\d\.\d)", " ".join(project["classifiers"])
    )


def test_database_versions_are_those_that_are_checked():
    from django_jobs.checks.databases import LOWEST_VERSIONS

    versions = written("reference/install.md", "Versions")
    for vendor, lowest in LOWEST_VERSIONS.items():
        assert versions[vendor] == f"{'.'.join(map(str, lowest))} and later"


def test_the_tour_names_every_handler_of_the_example():
    names = {handler.name for handler in handlers if handler.name.startswith("shop.")}
    assert set(codes("example.md", "A tour of the example project")) >= names
    assert {row.plain(0) for row in section("example.md", "A tour of the example project").rows} == names


def test_files_that_the_docs_name_are_there():
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"`((?:example_project|tests)/[\w./-]+)`", pages))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_rooms_of_the_layers_are_there():
    rooms = codes("explanation/layers.md", "How the code is laid out", column=1)
    in_code = {path.stem for path in PACKAGE.iterdir()}
    assert [room for room in rooms if room not in in_code and room != "django_jobs"] == []
