"""The handler `data-processing`."""

import csv
import json

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage

import django_jobs
from django_jobs.contrib.processing import Operation, operation, operations
from django_jobs.states import JobStatus
from django_jobs.testing import run_job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _installed(install, monkeypatch, settings, tmp_path):
    install("django_jobs.contrib.processing")
    settings.MEDIA_ROOT = str(tmp_path)
    monkeypatch.setattr(operations, "_operations", dict(operations._operations))


def run(operation, data, **arguments):
    return run_job(
        django_jobs.enqueue("data-processing", {"batch_id": "May 1", "operation": operation, "data": data, **arguments})
    )


def test_transform_trims_texts_and_names():
    job = run("transform", [{" First Name": " Ada \n L. ", "Age": 36, "note": "  "}])
    assert job.result == {
        "batch_id": "May 1",
        "operation": "transform",
        "rows": 1,
        "good": 1,
        "bad": 0,
        "bad_rows": [],
        "output": [{"first_name": "Ada L.", "age": 36, "note": None}],
    }


def test_progress_counts_rows():
    job = run("transform", [{"a": 1}] * 7)
    assert (job.progress_current, job.progress_total) == (7, 7)


def test_export_writes_csv_with_the_columns_of_all_rows():
    job = run("export", [{"a": 1, "b": "x, y"}, {"b": "ü", "c": None}])
    assert job.result["output"] == {"file": "exports/may-1.csv"}
    with default_storage.open("exports/may-1.csv", "r") as written:
        rows = list(csv.DictReader(written))
    assert rows == [{"a": "1", "b": "x, y", "c": ""}, {"a": "", "b": "ü", "c": ""}]


def test_exporting_again_replaces_the_file():
    run("export", [{"a": 1}], target="rows.json")
    assert run("export", [{"a": 2}], target="rows.json").result["output"] == {"file": "exports/rows.json"}
    with default_storage.open("exports/rows.json") as written:
        assert json.load(written) == [{"a": 2}]


@pytest.mark.parametrize("target", ["../rows.csv", "/etc/rows.csv", "rows.exe", ".csv", "a/b.csv"])
def test_export_refuses_a_target_outside_its_folder(target):
    job = run("export", [{"a": 1}], target=target)
    assert (job.status, job.attempts) == (JobStatus.FAILED, 1)
    assert "is no name for an export" in job.error


def test_import_saves_good_rows_and_reports_the_bad_ones(settings):
    settings.JOBS_IMPORT_MODELS = ["auth.Group"]
    Group.objects.create(name="old")
    rows = [{"name": "new"}, {"name": "old"}, {"name": ""}, {"title": "x"}, "no row"]
    job = run("import", rows, target="auth.Group")
    assert (job.status, job.result["output"]) == (JobStatus.COMPLETED, {"saved": 1})
    assert set(Group.objects.values_list("name", flat=True)) == {"old", "new"}
    assert {bad["row"]: bad["error"] for bad in job.result["bad_rows"]} == {
        2: "name: Group with this Name already exists.",
        3: "name: This field cannot be blank.",
        4: "auth.Group has no field 'title'",
        5: "a row is a dict by name, not str",
    }


def test_import_with_a_primary_key_updates_so_that_a_second_run_adds_nothing(settings):
    settings.JOBS_IMPORT_MODELS = ["auth.group"]
    rows = [{"id": 70, "name": "first"}, {"id": 71, "name": "second"}]
    run("import", rows, target="auth.Group")
    job = run("import", [{"id": 70, "name": "renamed"}, rows[1]], target="auth.Group")
    assert job.result["bad"] == 0
    assert dict(Group.objects.values_list("id", "name")) == {70: "renamed", 71: "second"}


@pytest.mark.parametrize("target", ["", "auth.User", "no.Model"])
def test_import_needs_a_model_that_the_site_allows(settings, target):
    settings.JOBS_IMPORT_MODELS = ["auth.Group"]
    job = run("import", [{"name": "x"}], target=target)
    assert (job.status, job.attempts) == (JobStatus.FAILED, 1)
    assert "is not in JOBS_IMPORT_MODELS (auth.group)" in job.error


def test_a_function_of_ones_own_is_an_operation_and_its_refusals_are_reported():
    @operation("in-cents")
    def in_cents(row):
        if row["price"] == "free":
            raise ValidationError("nothing is free")
        return {"cents": round(float(row["price"]) * 100)}

    job = run("in-cents", [{"price": "1.5"}, {"price": "dear"}, {}, {"price": "free"}])
    assert job.result["output"] == [{"cents": 150}]
    assert [bad["error"] for bad in job.result["bad_rows"]] == [
        "could not convert string to float: 'dear'",
        "'price' is missing",
        "nothing is free",
    ]


def test_a_class_of_ones_own_sees_the_whole_batch():
    @operation("total")
    class Total(Operation):
        def row(self, row):
            return row["price"]

        def finish(self, done):
            return {"batch": self.batch_id, "target": self.target, "total": sum(done)}

    job = run("total", [{"price": 2}, {"price": 3}], target="sum")
    assert job.result["output"] == {"batch": "May 1", "target": "sum", "total": 5}


def test_a_mistake_in_the_operation_ends_the_attempt():
    @operation("broken")
    def broken(row):
        return row.no_such_thing

    job = run("broken", [{"a": 1}])
    assert (job.status, job.attempts) == (JobStatus.FAILED, 3)
    assert "AttributeError" in job.error


def test_only_a_hundred_bad_rows_are_listed():
    job = run("transform", ["bad"] * 130)
    assert (job.result["bad"], len(job.result["bad_rows"])) == (130, 100)


def test_an_unknown_operation_fails_at_once_and_names_the_known():
    job = run("transmute", [{"lead": 1}])
    assert (job.status, job.attempts) == (JobStatus.FAILED, 1)
    assert "there are export, import, transform" in job.error


def test_data_that_is_no_list_fails_at_once():
    assert "must be a list of rows" in run("transform", {"a": 1}).error


def test_the_handler_can_be_called_as_the_function_it_is():
    from django_jobs.contrib.processing.jobs import data_processing

    assert data_processing("b", "transform", [{"a": " x "}])["output"] == [{"a": "x"}]
