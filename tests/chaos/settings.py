"""Settings of every process of a trial. The lease is short, so that a trial of minutes sees many lapse."""

from tests.settings import SECRET_KEY, chosen_database

__all__ = ["SECRET_KEY"]

USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": chosen_database()}
INSTALLED_APPS = ["django_jobs", "tests.chaos"]

LEASE = 3
JOBS = {
    "WORKER_TIMEOUT": LEASE,
    "POLL_INTERVAL": 0.5,
    "SHUTDOWN_TIMEOUT": 2,
    "TIMEOUT": 30,
    "MAX_ATTEMPTS": 6,
    "BACKOFF_BASE": 0.2,
    "BACKOFF_MAX": 2,
}
