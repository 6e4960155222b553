"""Settings of the Django site that a peer lives in; BENCH_PEER says which."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote, urlsplit

PEER = os.environ["BENCH_PEER"]
PROCESSES = int(os.environ.get("BENCH_PROCESSES", "1"))
POOLED = {"steady_queue"}
"""Those that open a connection for each job, unless a pool spares them that."""
SQLITE = {
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
}


def database() -> dict[str, Any]:
    """Return the database of BENCH_DATABASE, with connections that are kept or pooled."""
    parts = urlsplit(os.environ.get("BENCH_DATABASE", "sqlite://"))
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:], "OPTIONS": SQLITE, "CONN_MAX_AGE": 600}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        **({"OPTIONS": {"pool": {"max_size": 20}}} if PEER in POOLED else {"CONN_MAX_AGE": 600}),
    }


SECRET_KEY = "not a secret: benchmarks only"
DEBUG = False
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": database()}
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR"}}
TASKS: dict[str, Any] = {}
INSTALLED_APPS: list[str] = []

if PEER == "tasks_db":
    INSTALLED_APPS = ["django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
elif PEER == "dj_queue":
    INSTALLED_APPS = ["dj_queue"]
    WORKER = {"queues": "*", "threads": 3, "processes": PROCESSES, "polling_interval": 0.1, "prefetch_multiplier": 10}
    TASKS = {"default": {
        "BACKEND": "dj_queue.backend.DjQueueBackend", "QUEUES": [],
        "OPTIONS": {"workers": [WORKER], "scheduler": None},
    }}  # fmt: skip
elif PEER == "steady_queue":
    from datetime import timedelta

    from steady_queue.configuration import Configuration

    INSTALLED_APPS = ["django.contrib.contenttypes", "steady_queue"]
    TASKS = {"default": {"BACKEND": "steady_queue.backend.SteadyQueueBackend", "QUEUES": ["default"], "OPTIONS": {}}}
    STEADY_QUEUE = Configuration.Options(
        workers=[Configuration.Worker(threads=3, processes=PROCESSES, polling_interval=timedelta(seconds=0.01))]
    )
elif PEER == "django_q2":
    INSTALLED_APPS = ["django_q"]
    Q_CLUSTER = {
        "name": "bench", "orm": "default", "workers": PROCESSES, "bulk": 50, "queue_limit": 200, "save_limit": 0,
        "recycle": 1_000_000, "timeout": 60, "retry": 600, "poll": 0.05, "log_level": "WARNING", "scheduler": False,
    }  # fmt: skip
