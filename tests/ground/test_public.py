"""The promised surface: what `django_jobs` offers, and what importing it costs."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import django_jobs

ROOT = Path(__file__).parent.parent.parent

PROMISED = {
    # defining and asking
    "job", "Handler", "register", "enqueue", "schedule", "get", "cancel", "retry", "copy",
    # inside a handler
    "current_job", "Retry", "Fail", "Snooze",
    # between attempts
    "Backoff", "fixed", "linear", "exponential",
    # running and watching
    "Worker", "health", "JobStatus",
    # errors
    "JobsError", "UnknownHandler", "DuplicateHandler", "InvalidHandler", "InvalidOptions", "InvalidArguments",
    "PayloadTooLarge", "InvalidResult", "IllegalMove", "NoCurrentJob", "WaitTimeout", "JobTimeout", "ProcessDied",
    "WorkerLost",
    "Interruption", "TimeoutInterruption", "CancelInterruption", "ShutdownInterruption",
}  # fmt: skip

EARLY = """
import sys
import django_jobs
from django_jobs import job

@job
def early(value: int) -> int:
    return value

assert early(3) == 3
repr(early)
loaded = [name for name in sys.modules if name.startswith("django_jobs.models")]
assert not loaded, loaded
from django.conf import settings
assert not settings.configured, "settings were read"

settings.configure(INSTALLED_APPS=["django_jobs"], DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                   "NAME": ":memory:"}})
import django
django.setup()
from django_jobs.registry import handlers
assert handlers.get("__main__.early") is early, [handler.name for handler in handlers]
print(repr(early))
"""


def test_all_is_what_the_docs_promise():
    assert set(django_jobs.__all__) == PROMISED


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_promised_name_can_be_imported(name):
    assert getattr(django_jobs, name) is not None
    assert name in dir(django_jobs)


def test_a_name_that_is_not_promised_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'enqueu'"):
        getattr(django_jobs, "enqueu")  # noqa: B009 - spelt so that no type checker objects


def test_a_handler_is_defined_before_apps_are_ready_and_named_after():
    child = subprocess.run(
        [sys.executable, "-c", EARLY], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout == "<Handler __main__.early>\n"


def test_the_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert ROOT / project["tool"]["hatch"]["version"]["path"] == Path(django_jobs.__file__)
