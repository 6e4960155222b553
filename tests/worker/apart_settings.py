"""A site that keeps its jobs in a database of their own."""

from tests.settings import *  # noqa: F403
from tests.settings import OPTIONS_BY_ENGINE, SCRATCH

ENGINE = "django.db.backends.sqlite3"


def database(alias: str) -> dict[str, object]:
    return {"ENGINE": ENGINE, "NAME": f"{SCRATCH}.{alias}.sqlite3", "OPTIONS": OPTIONS_BY_ENGINE[ENGINE]}


DATABASES = {alias: database(alias) for alias in ("default", "jobs")}
JOBS = {"DATABASE": "jobs"}
