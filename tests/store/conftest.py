"""The store of whichever database the tests run on."""

import pytest

from django_jobs.store import Store, get_store


@pytest.fixture
def store() -> Store:
    return get_store("default")
