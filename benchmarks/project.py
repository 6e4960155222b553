"""Settings of the site that is measured: django_jobs, the benchmarks' own handlers, and nothing else."""

from __future__ import annotations

import json
import os

import environ

OPTIONS: dict[str, dict[str, object]] = {
    "django.db.backends.sqlite3": {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    },
    "django.db.backends.mysql": {"charset": "utf8mb4", "isolation_level": "read committed"},
}


def database() -> dict[str, object]:
    """Return the database of BENCH_DATABASE with the options that the docs recommend, and kept connections."""
    chosen: dict[str, object] = environ.Env.db_url_config(os.environ.get("BENCH_DATABASE", "sqlite://:memory:"))
    chosen["OPTIONS"] = {**OPTIONS.get(str(chosen["ENGINE"]), {}), **chosen.get("OPTIONS", {})}  # type: ignore[dict-item]
    chosen["CONN_MAX_AGE"] = 600
    return chosen


SECRET_KEY = "not a secret: benchmarks only"
DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": database()}
# what a job logs is stored with it, and goes nowhere else
LOGGING = {"version": 1, "handlers": {"none": {"class": "logging.NullHandler"}}, "root": {"handlers": ["none"]}}
INSTALLED_APPS = ["django_jobs", "benchmarks"]
JOBS: dict[str, object] = json.loads(os.environ.get("BENCH_JOBS", "{}"))
