"""The operations that come with the package."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models, router, transaction
from django.utils.text import slugify

from ...exceptions import Fail
from .operations import Operation, Row, operation

FOLDER = "exports"
FILE_NAME = re.compile(r"[\w-][\w. -]*\.(csv|json)")


@operation("transform")
def transform(row: Row) -> Row:
    """Return a row with plain names, trimmed texts, and None for empty ones."""
    return {slugify(name).replace("-", "_"): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return (" ".join(value.split()) or None) if isinstance(value, str) else value


@operation("export")
class Export(Operation):
    """Write the rows to a file, in place of an earlier one of that name."""

    def __init__(self, batch_id: str, target: str = "") -> None:
        super().__init__(batch_id, target or f"{slugify(batch_id) or 'batch'}.csv")
        if not FILE_NAME.fullmatch(self.target):
            raise Fail(f"{self.target!r} is no name for an export: use letters, digits, - and _, and .csv or .json.")

    def row(self, row: Row) -> Row:
        """Return the row as it is."""
        return row

    def finish(self, done: list[Row]) -> dict[str, str]:
        """Return the file's name in the default storage."""
        text = json.dumps(done, ensure_ascii=False) if self.target.endswith(".json") else _as_csv(done)
        path = f"{FOLDER}/{self.target}"
        # a second attempt replaces what the first one wrote, instead of standing beside it under another name
        default_storage.delete(path)
        return {"file": default_storage.save(path, ContentFile(text.encode()))}


def _as_csv(rows: list[Row]) -> str:
    written = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(written, columns)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


@operation("import")
class Import(Operation):
    """Check rows against a model, then save the good ones in one transaction."""

    def __init__(self, batch_id: str, target: str = "") -> None:
        super().__init__(batch_id, target)
        self.model = _allowed_model(target)

    def row(self, row: Row) -> models.Model:
        """Return the object that the row makes, checked but not saved."""
        made = self._existing(row) or self.model()
        for name, value in row.items():
            if name not in self._columns():
                raise ValueError(f"{self.target} has no field {name!r}")
            setattr(made, name, value)
        made.full_clean()
        return made

    def finish(self, done: list[models.Model]) -> dict[str, int]:
        """Save all or nothing; return how many."""
        with transaction.atomic(using=router.db_for_write(self.model)):
            for made in done:
                made.save()
        return {"saved": len(done)}

    def _columns(self) -> set[str]:
        return {field.attname for field in self.model._meta.concrete_fields}

    def _existing(self, row: Row) -> models.Model | None:
        key = row.get(self.model._meta.pk.attname)
        return None if key is None else self.model._default_manager.filter(pk=key).first()


def _allowed_model(target: str) -> type[models.Model]:
    allowed = [label.lower() for label in getattr(settings, "JOBS_IMPORT_MODELS", [])]
    if target.lower() not in allowed:
        raise Fail(f"{target!r} is not in JOBS_IMPORT_MODELS ({', '.join(allowed) or 'which is empty'}).")
    return apps.get_model(target)
