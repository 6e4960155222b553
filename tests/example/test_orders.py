"""Orders: a chain of jobs, each of whose effects happens once."""

import pytest
from django.core import mail

from django_jobs.models import Job
from django_jobs.testing import run_jobs
from example_project.shop import jobs, ordering, payments
from example_project.shop.models import Card, OrderStatus, Payment

from .factories import OrderFactory

pytestmark = pytest.mark.django_db


def processed(order):
    record = jobs.process_order.using(owner=order.customer).enqueue(order_id=order.pk)
    run_jobs()
    record.refresh_from_db()
    order.refresh_from_db()
    return record


def stock_of(order):
    return order.lines.get().product.stock


def test_a_good_order_is_paid_shipped_and_confirmed_by_three_jobs_in_a_chain():
    order = OrderFactory()

    record = processed(order)

    chain = list(Job.objects.order_by("pk"))
    assert [job.name for job in chain] == [
        "shop.process_order",
        "shop.fulfil_order",
        "shop.send_confirmation",
    ]
    assert {job.status for job in chain} == {"completed"}
    assert [job.parent_id for job in chain] == [None, chain[0].pk, chain[1].pk]
    assert set(Job.objects.owned_by(order.customer)) == set(chain)
    assert record.result["payment"] == f"PAY-{order.pk:08d}"
    assert order.status == OrderStatus.CONFIRMED
    assert order.tracking_number
    assert stock_of(order) == 3


def test_the_customer_gets_one_mail():
    order = OrderFactory()

    processed(order)

    assert [letter.to for letter in mail.outbox] == [[order.customer.email]]
    assert order.tracking_number in mail.outbox[0].body


def test_a_gateway_that_is_down_is_asked_again_until_it_answers():
    order = OrderFactory(flaky=True)

    record = processed(order)
    assert (record.status, record.attempts) == ("scheduled", 1)
    for _ in range(payments.OUTAGES):
        Job.objects.scheduled().run_now()
        run_jobs()

    record.refresh_from_db()
    assert (record.status, record.attempts) == ("completed", 3)
    assert stock_of(order) == 3
    assert Payment.objects.get().tries == 3


def test_a_declined_card_fails_the_job_at_once_and_gives_the_stones_back():
    order = OrderFactory(unpayable=True)

    record = processed(order)

    assert (record.status, record.attempts) == ("failed", 1)
    assert order.status == OrderStatus.DECLINED
    assert order.note == "The card ending in 0002 was declined."
    assert stock_of(order) == 5
    assert not mail.outbox


def test_a_declined_order_is_paid_with_another_card_when_its_job_is_retried():
    order = OrderFactory(unpayable=True)
    record = processed(order)
    order.card = Card.GOOD
    order.save()

    record.retry()
    run_jobs()

    order.refresh_from_db()
    assert order.status == OrderStatus.CONFIRMED
    assert stock_of(order) == 3


def test_an_order_of_more_than_there_is_fails_with_what_is_left():
    order = OrderFactory(line__quantity=6)

    record = processed(order)

    assert record.status == "failed"
    assert "6 wanted, 5 left" in record.error
    assert order.status == OrderStatus.DECLINED
    assert stock_of(order) == 5


def test_the_whole_chain_run_twice_charges_ships_and_mails_once():
    order = OrderFactory()
    processed(order)

    Job.objects.all().retry()
    run_jobs()

    assert set(Job.objects.values_list("status", flat=True)) == {"completed"}
    assert Job.objects.count() == 3
    assert Payment.objects.get().tries == 1
    assert stock_of(order) == 3
    assert len(mail.outbox) == 1


def test_an_order_that_was_paid_is_not_declined_any_more():
    order = OrderFactory()
    processed(order)

    assert ordering.decline(order, "too late") is False
    assert order.status == OrderStatus.CONFIRMED
