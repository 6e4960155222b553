"""Settings for the tests: the project's own app, the example's and the tests'.

`DATABASE_URL` chooses the database (SQLite when it is not given). Tests only ever touch a test database
beside the one that the URL names, so any server will do.
"""

import os
import tempfile

import environ

env = environ.Env()

# Where the names of this process's files begin: two runs on one machine, or two workers of pytest-xdist, share
# nothing; a child process shares its parent's by inheriting the variable (`child_environment` in conftest.py).
SCRATCH = env.str("TESTS_SCRATCH", default=f"{tempfile.gettempdir()}/django_jobs_tests_{os.getpid()}")

OPTIONS_BY_ENGINE: dict[str, dict[str, object]] = {
    "django.db.backends.sqlite3": {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
    },
    "django.db.backends.mysql": {"charset": "utf8mb4", "isolation_level": "read committed"},
}
TEST_BY_ENGINE: dict[str, dict[str, object]] = {
    # a real file: threads and worker processes have to see the same rows
    "django.db.backends.sqlite3": {"NAME": f"{SCRATCH}.test.sqlite3"},
    "django.db.backends.mysql": {"CHARSET": "utf8mb4"},
}


def chosen_database() -> dict[str, object]:
    """Return the database of `DATABASE_URL`, with the options that the docs recommend for its vendor."""
    database: dict[str, object] = env.db_url("DATABASE_URL", default=f"sqlite:///{SCRATCH}.sqlite3")
    engine = str(database["ENGINE"])
    given = database.get("OPTIONS", {})
    assert isinstance(given, dict)
    database["OPTIONS"] = {**OPTIONS_BY_ENGINE.get(engine, {}), **given}
    database["TEST"] = TEST_BY_ENGINE.get(engine, {})
    return database


SECRET_KEY = "not a secret: tests only"
ALLOWED_HOSTS = ["*"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

DATABASES = {"default": chosen_database()}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_jobs",
    "django_jobs.contrib.notifications",
    "example_project.shop",
    "tests",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
ROOT_URLCONF = "example_project.urls"
STATIC_URL = "static/"
MEDIA_ROOT = f"{SCRATCH}.media"
MEDIA_URL = "media/"
SHOP_BASE_URL = "http://127.0.0.1:1"  # tests that scrape give the address of their own server

# hashing a password slowly is what a test can do without
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Django 6.1 wants it said; before, the test runner alone decides
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}

# short where a default makes a person wait, long where a slow machine makes a test fail
JOBS: dict[str, object] = {"POLL_INTERVAL": 0.1, "BACKOFF_BASE": 0.01, "BACKOFF_JITTER": 0}
