"""What happens to an order: its stones are reserved, it is paid, shipped and confirmed.

Every step may be asked for twice and happens once: each is one guarded UPDATE, in one transaction with what follows.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from .models import Customer, Order, OrderLine, OrderStatus, Product


class OutOfStockError(Exception):
    """A stone of the order is sold out."""


@transaction.atomic
def place(customer: Customer, quantities: Mapping[Product, int], card: str) -> Order:
    """Write an order down, at today's prices."""
    order = Order.objects.create(customer=customer, card=card, placed_at=timezone.now())
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=product, quantity=quantity, price=product.price)
        for product, quantity in quantities.items()
    )
    return order


@transaction.atomic
def reserve(order: Order) -> bool:
    """Take the order's stones out of the stock; False when that was done before. Raise OutOfStockError."""
    if not Order.objects.filter(pk=order.pk, is_reserved=False).update(is_reserved=True):
        return False
    for line in order.lines.select_related("product").order_by("product_id"):
        enough = Product.objects.filter(pk=line.product_id, stock__gte=line.quantity)
        if not enough.update(stock=F("stock") - line.quantity):
            raise OutOfStockError(f"{line.product.sku} is sold out: {line.quantity} wanted, {line.product.stock} left.")
    return True


@transaction.atomic
def decline(order: Order, reason: str) -> bool:
    """End an unpaid order, and put its stones back; False when it was no longer unpaid."""
    if not order.move(OrderStatus.PLACED, OrderStatus.DECLINED, note=reason[:200]):
        return False
    if Order.objects.filter(pk=order.pk, is_reserved=True).update(is_reserved=False):
        for line in order.lines.order_by("product_id"):
            Product.objects.filter(pk=line.product_id).update(stock=F("stock") + line.quantity)
    return True


def reopen(order: Order) -> bool:
    """Let a declined order be tried again."""
    return order.move(OrderStatus.DECLINED, OrderStatus.PLACED, note="")


def mark_paid(order: Order) -> bool:
    """Note the payment; False when it was noted before."""
    return order.move(OrderStatus.PLACED, OrderStatus.PAID)


def ship(order: Order) -> bool:
    """Hand the order to the carrier; False when that was done before."""
    return order.move(OrderStatus.PAID, OrderStatus.SHIPPED, tracking_number=f"JX{order.pk:09d}")


def confirm(order: Order) -> bool:
    """Send the confirmation; False when it was sent before.

    A crash between the mail and the note of it sends it again: better two mails than none.
    """
    if order.status != OrderStatus.SHIPPED:
        return False
    send_mail(f"Your order {order.pk} is on its way", _letter(order), None, [order.customer.email])
    return order.move(OrderStatus.SHIPPED, OrderStatus.CONFIRMED, confirmed_at=timezone.now())


def _letter(order: Order) -> str:
    stones = "\n".join(f"  {line.quantity} × {line.product}" for line in order.lines.select_related("product"))
    return (
        f"Dear {order.customer.name},\n\nyou bought\n\n{stones}\n\nfor {order.total:,.2f} dollars. "
        f"Your parcel is {order.tracking_number}.\n\nThe shop\n"
    )
