"""The settings of the tests with another theme for the admin, which the environment names."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

DEBUG = True  # so that runserver serves the theme's files
INSTALLED_APPS = [os.environ["TESTS_THEME"], *INSTALLED_APPS]
