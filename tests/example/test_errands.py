"""The handlers that are there to be watched, cancelled, failed and retried; and the newsletter."""

import pytest
from django.apps import apps
from django.core import mail

from django_jobs.models import Job, JobEvent
from django_jobs.testing import run_jobs
from example_project.shop import jobs, newsletter
from example_project.shop.models import Product, SupplierFeed

from .factories import CustomerFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_taking_stock_counts_every_stone_and_says_so():
    ProductFactory.create_batch(5, stock=2)

    record = jobs.take_stock.enqueue(drawers=3, seconds_each=0)
    run_jobs()

    record.refresh_from_db()
    assert record.result is not None
    assert record.result["stones"] == 10
    assert record.progress_percent == 100
    assert [(event.name, event.data) for event in JobEvent.objects.all()] == [("stock_taken", {"stones": 10})]


def test_the_supplier_job_fails_until_the_feed_is_turned_on():
    ProductFactory(price=1000)
    record = jobs.sync_prices.enqueue()

    run_jobs()
    Job.objects.scheduled().run_now()
    run_jobs()
    record.refresh_from_db()
    assert (record.status, record.attempts) == ("failed", 2)

    SupplierFeed.turn(is_up=True)
    record.retry()
    run_jobs()
    record.refresh_from_db()
    assert record.status == "completed"
    assert Product.objects.get().supplier_price == 700


def test_the_newsletter_goes_to_those_who_take_it():
    if not apps.is_installed("django_jobs.contrib.notifications"):
        pytest.skip("django_jobs.contrib.notifications is not installed in these settings")
    CustomerFactory()
    CustomerFactory(takes_newsletter=True, email="reader@example.com")

    newsletter.send("New stones", "Come and see.")
    run_jobs()

    assert [(letter.to, letter.subject) for letter in mail.outbox] == [(["reader@example.com"], "New stones")]


def test_nothing_is_enqueued_where_nothing_can_send_the_newsletter(monkeypatch):
    monkeypatch.setattr(newsletter, "HANDLER", "nobody's")
    CustomerFactory(takes_newsletter=True)

    assert newsletter.send("New stones", "Come and see.") == []
    assert not Job.objects.exists()
