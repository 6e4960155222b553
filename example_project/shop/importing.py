"""Reads a catalogue of stones from CSV, row by row: what is good goes into the shop, what is bad into a report."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django import forms
from django.core.files import File
from django.core.validators import RegexValidator
from django.db import connections, router, transaction
from django.utils import timezone

from .models import BadRow, ImportReport, Product
from .models.catalogue import Clarity, Cut

BUNDLED = Path(__file__).parent / "data" / "diamonds.csv"
COLUMNS = ("sku", "carat", "cut", "color", "clarity", "depth", "table", "price", "x", "y", "z")
WHOLE_ROW = "(row)"
TOLERANCE = 1.5
"""How far the depth of a stone may be from what its measures give, in per cent."""


class NotACatalogueError(Exception):
    """The file as a whole cannot be read."""


class StoneForm(forms.Form):
    """The rules for one row."""

    sku = forms.CharField(max_length=20, validators=[RegexValidator(r"^D-\d{5}$", "Must look like D-01234.")])
    carat = forms.DecimalField(min_value=0, max_value=20, decimal_places=2)
    cut = forms.ChoiceField(choices=Cut.choices)
    color = forms.RegexField(r"^[D-J]$", error_messages={"invalid": "Must be a letter from D to J."})
    clarity = forms.ChoiceField(choices=Clarity.choices)
    depth = forms.DecimalField(min_value=40, max_value=80, decimal_places=2)
    table = forms.DecimalField(min_value=40, max_value=100, decimal_places=2)
    price = forms.DecimalField(min_value=1, max_digits=10, decimal_places=2)
    x = forms.DecimalField(min_value=1, max_value=15, decimal_places=2)
    y = forms.DecimalField(min_value=1, max_value=15, decimal_places=2)
    z = forms.DecimalField(min_value=1, max_value=15, decimal_places=2)

    def clean(self) -> dict[str, object]:
        """Check that the depth in per cent follows from the measures in millimetres."""
        stone = self.cleaned_data
        if {"x", "y", "z", "depth"} <= stone.keys():
            measured = 200 * stone["z"] / (stone["x"] + stone["y"])
            if abs(measured - stone["depth"]) > TOLERANCE:
                self.add_error("depth", f"Does not fit the measures, which give {measured:.1f} %.")
        return stone


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell."""

    line: int
    column: str
    value: str
    reason: str


@dataclass
class Batch:
    """Some rows, checked."""

    lines: int = 0
    stones: list[Product] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class Catalogue:
    """A CSV file of stones, opened; raise NotACatalogueError when it is none."""

    def __init__(self, content: bytes) -> None:
        text = _decode(content)
        self._reader = csv.reader(io.StringIO(text, newline=""))
        self._seen: set[str] = set()
        self.header = [name.strip().lower() for name in next(self._reader, [])]
        missing = [column for column in COLUMNS if column not in self.header]
        if missing:
            raise NotACatalogueError(f"The file has no column {', '.join(missing)}.")
        self.total = sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row) - 1

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield the rows, checked, so many at a time."""
        rows = (row for row in self._reader if row)
        while chunk := list(islice(((self._reader.line_num, row) for row in rows), size)):
            yield self._check_all(chunk)

    def _check_all(self, chunk: Sequence[tuple[int, list[str]]]) -> Batch:
        batch = Batch(lines=len(chunk))
        for line, values in chunk:
            checked = self._check(line, values)
            if isinstance(checked, Product):
                batch.stones.append(checked)
            else:
                batch.faults += checked
        return batch

    def _check(self, line: int, values: list[str]) -> Product | list[Fault]:
        if len(values) != len(self.header):
            reason = f"Has {len(values)} values instead of {len(self.header)}."
            return [Fault(line, WHOLE_ROW, ",".join(values), reason)]
        row = dict(zip(self.header, values, strict=True))
        form = StoneForm(row)
        if not form.is_valid():
            return [
                Fault(line, column, row.get(column, ""), " ".join(map(str, messages)))
                for column, messages in form.errors.items()
            ]
        stone = Product(**form.cleaned_data)
        if stone.sku in self._seen:
            return [Fault(line, "sku", stone.sku, "Stands in the file twice.")]
        self._seen.add(stone.sku)
        return stone


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotACatalogueError(f"The file is not UTF-8 text: byte {error.start} cannot be read.") from error


def new_report(upload: File[bytes] | None = None) -> ImportReport:
    """Keep a file, or else the bundled one, for an import."""
    if upload is not None:
        return ImportReport.objects.create(file=upload)
    with BUNDLED.open("rb") as bundled:
        return ImportReport.objects.create(file=File(bundled, name=BUNDLED.name))


def start(report: ImportReport) -> Catalogue:
    """Open the report's file, and forget what an earlier attempt said of it."""
    report.bad_rows.all().delete()
    with report.file.open("rb") as file:
        return Catalogue(file.read())


@transaction.atomic
def store(report: ImportReport, batch: Batch) -> None:
    """Store a batch; a stone that is there already is brought up to date, so that a second attempt does no harm."""
    _upsert(batch.stones)
    BadRow.objects.bulk_create(
        BadRow(
            report=report,
            line=fault.line,
            column=fault.column,
            value=fault.value[:200],
            reason=fault.reason[:300],
        )
        for fault in batch.faults
    )


def _upsert(stones: Iterable[Product]) -> None:
    database = connections[router.db_for_write(Product)]
    named = database.features.supports_update_conflicts_with_target
    Product.objects.bulk_create(
        stones,
        update_conflicts=True,
        update_fields=[column for column in COLUMNS if column != "sku"],
        unique_fields=["sku"] if named else None,
    )


def finish(report: ImportReport, good_rows: int) -> None:
    """Note how the import ended."""
    report.good_rows = good_rows
    report.finished_at = timezone.now()
    report.save(update_fields=["good_rows", "finished_at"])


def as_csv(report: ImportReport) -> str:
    """Return the bad rows as a CSV file, safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["line", "column", "value", "reason"])
    for row in report.bad_rows.all():
        writer.writerow([row.line, row.column, _harmless(row.value), _harmless(row.reason)])
    return text.getvalue()


def _harmless(value: str) -> str:
    # A spreadsheet takes what begins so for a formula, and this text comes from strangers.
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
