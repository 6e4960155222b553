"""A site that sets no options for SQLite: no write-ahead log, deferred transactions, Django's own timeout."""

from tests.settings import *  # noqa: F403
from tests.settings import SCRATCH

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{SCRATCH}.plain.sqlite3"}}
