"""A stand-in for a payment gateway, with the manners of a real one: test cards, outages, and no charge twice."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from .models import Card, Order, Payment

OUTAGES = 2
"""How often the gateway is down for the flaky card."""


class CardDeclinedError(Exception):
    """The bank says no, and will say so again."""


class GatewayDownError(Exception):
    """The gateway does not answer; it may do so later."""


def charge(order: Order) -> str:
    """Charge an order once, and return the reference; raise CardDeclinedError or GatewayDownError."""
    payment, _ = Payment.objects.get_or_create(order=order)
    if payment.charged_at:
        return payment.reference
    Payment.objects.filter(pk=payment.pk).update(tries=F("tries") + 1)
    payment.refresh_from_db()
    if order.card == Card.DECLINED:
        raise CardDeclinedError(f"The card ending in {order.card} was declined.")
    if order.card == Card.FLAKY and payment.tries <= OUTAGES:
        raise GatewayDownError("The payment gateway does not answer.")
    return _settle(payment)


def _settle(payment: Payment) -> str:
    payment.reference = f"PAY-{payment.order_id:08d}"
    payment.charged_at = timezone.now()
    payment.save(update_fields=["reference", "charged_at"])
    return payment.reference
