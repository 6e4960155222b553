"""Which store speaks for which database."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from django_jobs import store as stores
from django_jobs.store import Store, get_store, register_store
from django_jobs.store.sqlite import SQLiteStore


@pytest.fixture
def oracle(monkeypatch):
    """Have the default database call itself Oracle, for which there is no store."""
    monkeypatch.setattr(stores, "_stores", dict(stores._stores))
    monkeypatch.setattr(stores, "connections", {"default": SimpleNamespace(vendor="oracle")})
    get_store.cache_clear()
    yield
    get_store.cache_clear()


def test_each_vendor_has_its_store():
    assert connection.vendor in type(get_store("default")).__name__.lower()
    assert get_store("default") is get_store("default")


def test_a_vendor_without_a_store_is_named_with_those_that_have_one(oracle):
    with pytest.raises(ImproperlyConfigured, match=r"on 'oracle' .*'default'.* stores for .*postgresql"):
        get_store("default")


def test_a_store_for_another_vendor_can_be_registered(oracle):
    class OracleStore(SQLiteStore):
        """Somebody else's store."""

    register_store("oracle", OracleStore)
    assert isinstance(get_store("default"), OracleStore)


def test_a_store_must_say_how_it_takes_changes_concludes_and_tells_the_time():
    assert Store.__abstractmethods__ == {"now", "clock", "seconds_between", "take", "conclude", "change_held"}


def test_an_error_that_is_no_lock_is_not_tried_again():
    store, tries = get_store("default"), []

    def operation():
        tries.append(1)
        raise OperationalError("no such table: jobs")

    if type(store).is_transient is Store.is_transient:
        pytest.skip("this store takes every operational error for a lock")
    with pytest.raises(OperationalError, match="no such table"):
        store.retrying(operation)
    assert len(tries) == 1
