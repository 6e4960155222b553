"""Sales reports: the numbers and the chart."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_jobs.testing import run_jobs
from example_project.shop import jobs, seeding
from example_project.shop.models import Order

from .factories import OrderFactory, ProductFactory, ReportFactory

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n"


def reported(report):
    record = jobs.sales_report.enqueue(report_id=report.pk)
    run_jobs()
    record.refresh_from_db()
    report.refresh_from_db()
    return record


def test_a_report_adds_up_what_was_sold_and_draws_it():
    OrderFactory.create_batch(3, confirmed=True)
    OrderFactory()  # only placed
    OrderFactory(confirmed=True, placed_at=timezone.now() - timedelta(days=400))
    report = ReportFactory()

    record = reported(report)

    assert record.status == "completed", record.error
    assert (report.orders, report.revenue) == (3, 9000)
    assert record.result["orders"] == 3
    with report.chart.open("rb") as chart:
        assert chart.read(6) == PNG


def test_a_report_made_again_takes_the_place_of_the_first(shop_files):
    OrderFactory(confirmed=True)
    report = ReportFactory()
    record = reported(report)

    record.retry()
    run_jobs()

    assert len(list(shop_files.rglob("*.png"))) == 1


def test_days_without_sales_fail_the_job_with_the_reason():
    record = reported(ReportFactory())

    assert record.status == "failed"
    assert record.error.startswith("Nothing was sold from ")
    assert record.attempts == 1


def test_the_past_is_made_up_once():
    ProductFactory.create_batch(3)

    assert seeding.seed() == seeding.ORDERS
    assert seeding.seed() == 0
    assert Order.objects.count() == seeding.ORDERS


def test_an_empty_shop_has_customers_but_no_past():
    assert seeding.seed() == 0
    assert not Order.objects.exists()
