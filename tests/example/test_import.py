"""Importing a catalogue: good rows into the shop, bad rows into the report."""

import csv

import pytest
from django.urls import reverse

from django_jobs.models import JobLog
from django_jobs.testing import run_jobs
from example_project.shop import importing, jobs
from example_project.shop.models import Product

from .factories import ImportReportFactory, ProductFactory

pytestmark = pytest.mark.django_db

GOOD = "D-00001,0.50,Ideal,E,VS1,61.8,55,1500,5.10,5.12,3.16"


def imported(report):
    record = jobs.import_products.enqueue(report_id=report.pk)
    run_jobs()
    record.refresh_from_db()
    report.refresh_from_db()
    return record


def faults(report):
    return [(fault.line, fault.column, fault.value) for fault in report.bad_rows.all()]


def test_the_bundled_catalogue_is_imported_and_its_damaged_rows_are_reported():
    report = importing.new_report()

    record = imported(report)

    assert record.status == "completed", record.error
    assert record.result == {"imported": 4888, "bad_rows": 39, "page": report.get_absolute_url()}
    assert record.progress_percent == 100
    assert Product.objects.count() == report.good_rows == 4888
    assert report.bad_rows.values("line").distinct().count() == 39
    assert report.finished_at is not None


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        (118, "price", ""),
        (402, "price", "3,609"),
        (777, "cut", "Idael"),
        (1203, "color", "Z"),
        (1314, "depth", "61.1"),
        (1650, "clarity", "SI3"),
        (2048, "carat", "-1.75"),
        (2199, "y", "58.9"),
        (2500, "depth", "n/a"),
        (3001, "table", "570"),
        (3333, "sku", "D-36411"),
        (3777, "(row)", "D-41328,0.31,Ideal,E,IF,62.5,56,1214"),
        (4100, "carat", "O.5"),
        (4444, "(row)", "D-48654,0.36,Good,G,SI1,63.3,56,537,4.5,4.53,2.86,sold"),
    ],
)
def test_each_kind_of_damage_is_reported_with_its_line_column_and_value(line, column, value, bundled_faults):
    assert (line, column, value) in bundled_faults


@pytest.fixture(scope="module")
def bundled_faults():
    catalogue = importing.Catalogue(importing.BUNDLED.read_bytes())
    return {(fault.line, fault.column, fault.value) for batch in catalogue.batches(1000) for fault in batch.faults}


def test_a_second_attempt_repeats_neither_stones_nor_bad_rows():
    report = ImportReportFactory(rows=[GOOD, "D-00002,heavy,Ideal,E,VS1,61.8,55,1500,5.10,5.12,3.16"])
    record = imported(report)

    record.retry()
    run_jobs()

    assert Product.objects.count() == 1
    assert faults(report) == [(3, "carat", "heavy")]


def test_a_stone_that_is_there_already_is_brought_up_to_date_and_keeps_its_stock():
    ProductFactory(sku="D-00001", price=1, stock=3)

    imported(ImportReportFactory(rows=[GOOD]))

    stone = Product.objects.get()
    assert stone.price == 1500
    assert stone.stock == 3


def test_lines_are_counted_as_an_editor_counts_them_and_empty_ones_are_passed_over():
    report = ImportReportFactory(rows=["", GOOD, "", "D-00002,1"])

    record = imported(report)

    assert record.result["imported"] == 1
    assert faults(report) == [(5, "(row)", "D-00002,1")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file has no column sku, carat"),
        (b"sku;carat\n", "The file has no column"),
        (b"sku,carat,cut,color,clarity,depth,table,x,y,z\n", "The file has no column price."),
        (b"\xff\xfe\x00", "The file is not UTF-8 text: byte 0 cannot be read."),
    ],
)
def test_a_file_that_is_no_catalogue_fails_the_job_at_once_with_the_reason(content, reason):
    record = imported(ImportReportFactory(content=content))

    assert record.status == "failed"
    assert reason in record.error
    assert record.attempts == 1


def test_the_first_bad_rows_are_logged_with_the_job():
    record = imported(ImportReportFactory(rows=["short"] * 30))

    lines = JobLog.objects.filter(job=record)
    assert [line.message for line in lines] == [
        f"line {number}, (row): Has 1 values instead of 11." for number in range(2, 12)
    ]


def test_the_bad_rows_can_be_downloaded_as_csv_without_formulas(client):
    report = ImportReportFactory(rows=["=1+1,0.50,Ideal,E,VS1,61.8,55,1500,5.10,5.12,3.16"])
    imported(report)

    answer = client.get(reverse("shop:bad_rows", args=[report.pk]))

    assert answer["Content-Disposition"] == f'attachment; filename="bad-rows-{report.pk}.csv"'
    assert list(csv.reader(answer.content.decode().splitlines())) == [
        ["line", "column", "value", "reason"],
        ["2", "sku", "'=1+1", "Must look like D-01234."],
    ]
