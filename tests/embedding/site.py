"""Settings of a site with a worker inside `runserver`."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as TESTED_APPS

INSTALLED_APPS = ["django_jobs.contrib.runserver", *TESTED_APPS]
