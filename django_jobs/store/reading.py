"""From what a database driver returns to what a field means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

Converter = Callable[[Any], Any]


def field_of(model: type[Model], name: str) -> Field[Any, Any]:
    """Return a model's field that has a column of its own."""
    found = model._meta.get_field(name)
    if not isinstance(found, Field):
        raise TypeError(f"{name} is no column of {model.__name__}")
    return found


def read_rows(
    model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]], connection: BaseDatabaseWrapper
) -> Iterator[list[Any]]:
    """Yield each row with its values converted as the ORM would convert these fields."""
    converters = [converter(model, name, connection) for name in names]
    for row in rows:
        yield [convert(value) for convert, value in zip(converters, row, strict=True)]


def converter(model: type[Model], name: str, connection: BaseDatabaseWrapper) -> Converter:
    """Return what turns a driver's value into a field's."""
    column = field_of(model, name).get_col(model._meta.db_table)
    steps = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]

    def convert(value: Any) -> Any:
        for step in steps:
            value = step(value, column, connection)
        return value

    return convert if steps else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
