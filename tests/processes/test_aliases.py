"""Rows outlive the names of their handlers."""

import pytest

from django_jobs import job
from django_jobs.exceptions import DuplicateHandler
from django_jobs.models import Job
from django_jobs.registry import handlers
from tests import jobs
from tests.factories import JobFactory
from tests.waiting import LONG

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_of_a_former_name_run_and_keep_it(start_worker):
    records = [JobFactory(name=name, kwargs={"value": 7}) for name in ("tests.former_name", "tests.first_name")]
    records.append(jobs.renamed.enqueue(7))
    start_worker()
    assert [record.wait(LONG, interval=0.01).result for record in records] == [7, 7, 7]
    assert {record.name for record in records} == {"tests.former_name", "tests.first_name", "tests.renamed"}
    assert {record.handler for record in records} == {jobs.renamed}


def test_a_former_name_enqueues_under_the_present_one():
    import django_jobs

    record = django_jobs.enqueue("tests.former_name", {"value": 1})
    assert Job.objects.get(pk=record.pk).handler is jobs.renamed


def test_a_former_name_is_not_to_be_had_by_another_handler():
    with pytest.raises(DuplicateHandler, match=r"tests\.jobs\.renamed"):
        job("tests.former_name")(test_a_former_name_is_not_to_be_had_by_another_handler)
    assert handlers.find("tests.former_name") is jobs.renamed


def test_a_handler_with_former_names_is_listed_once():
    assert [handler for handler in handlers if handler is jobs.renamed] == [jobs.renamed]
