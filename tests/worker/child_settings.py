"""The settings of a child process: those of the tests, changed by what its environment says."""

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, JOBS

JOBS = {**JOBS, **json.loads(os.environ.get("TESTS_JOBS", "{}"))}
DEBUG = bool(os.environ.get("TESTS_DEBUG"))
INSTALLED_APPS = [*INSTALLED_APPS, *filter(None, os.environ.get("TESTS_APPS", "").split(","))]
