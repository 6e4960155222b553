"""An index over some of the jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models import Index, Model, Q


class PartialIndex(Index):
    """Hold only the rows that match `where`; without partial indexes, all rows, led by the fields that it fixes."""

    def __init__(self, fields: list[str], name: str, where: dict[str, str]) -> None:
        super().__init__(fields=fields, name=name)
        self.where = where

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """Describe this index for a migration."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "where": self.where}

    def create_sql(
        self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor, using: str = "", **kwargs: Any
    ) -> Statement:
        """Return the statement that makes the index on this database."""
        return self._native(schema_editor).create_sql(model, schema_editor, using=using, **kwargs)

    def _native(self, schema_editor: BaseDatabaseSchemaEditor) -> Index:
        if schema_editor.connection.features.supports_partial_indexes:
            return Index(fields=self.fields, name=self.name, condition=Q(**self.where))
        fixed = [field for field in self.where if "__" not in field]
        return Index(fields=[*fixed, *self.fields], name=self.name)
