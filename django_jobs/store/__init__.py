"""Everything that differs between databases, behind one interface."""

from __future__ import annotations

from functools import cache

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from .base import Store, decoded
from .claims import CLAIM_COLUMNS, Claim, Progress, Report, Survey
from .mysql import MySQLStore
from .postgresql import PostgreSQLStore
from .sqlite import SQLiteStore

__all__ = ["CLAIM_COLUMNS", "Claim", "Progress", "Report", "Store", "Survey", "decoded", "get_store", "register_store"]

_stores: dict[str, type[Store]] = {
    "postgresql": PostgreSQLStore,
    "sqlite": SQLiteStore,
    "mysql": MySQLStore,
}


def register_store(vendor: str, store: type[Store]) -> None:
    """Use `store` for the databases whose Django backend calls itself `vendor`."""
    _stores[vendor] = store
    get_store.cache_clear()


@cache
def get_store(alias: str) -> Store:
    """Return the store of a database alias; raise ImproperlyConfigured for a vendor that has none."""
    vendor = connections[alias].vendor
    if vendor not in _stores:
        raise ImproperlyConfigured(
            f"Jobs cannot be kept on {vendor!r} (database {alias!r}); there are stores for {', '.join(_stores)}."
        )
    return _stores[vendor](alias)
