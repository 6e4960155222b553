"""Customers and a year of past orders, the same at every seeding."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from .models import Customer, Order, OrderLine, OrderStatus, Product

SEED = 1906
CUSTOMERS = 40
ORDERS = 400
_FIRST = ("Ada", "Alan", "Barbara", "Dennis", "Edsger", "Frances", "Grace", "Jean", "Katherine", "Niklaus")
_LAST = ("Abbot", "Baker", "Carter", "Dyer", "Fletcher", "Glover", "Mason", "Potter")


def seed() -> int:
    """Add customers, and orders of the past year if there are none; return the number of orders added."""
    chance = random.Random(SEED)
    customers = _customers()
    stones = list(Product.objects.order_by("sku").values_list("pk", "price"))
    if not stones or Order.objects.filter(status=OrderStatus.CONFIRMED).exists():
        return 0
    return _orders(chance, customers, stones)


def _customers() -> list[Customer]:
    names = [f"{first} {last}" for last in _LAST for first in _FIRST][:CUSTOMERS]
    Customer.objects.bulk_create(
        [
            Customer(
                name=name,
                email=f"{name.lower().replace(' ', '.')}@example.com",
                takes_newsletter=not number % 10,
            )
            for number, name in enumerate(names)
        ],
        ignore_conflicts=True,
    )
    return list(Customer.objects.order_by("pk"))


@transaction.atomic
def _orders(chance: random.Random, customers: Sequence[Customer], stones: Sequence[tuple[int, Decimal]]) -> int:
    now = timezone.now()
    for _ in range(ORDERS):
        placed_at = now - timedelta(days=chance.triangular(0, 365, 30))
        order = Order.objects.create(
            customer=chance.choice(customers),
            status=OrderStatus.CONFIRMED,
            placed_at=placed_at,
            confirmed_at=placed_at + timedelta(minutes=5),
            is_reserved=True,
        )
        OrderLine.objects.bulk_create(
            OrderLine(order=order, product_id=product_id, price=price)
            for product_id, price in chance.sample(stones, chance.randint(1, 3))
        )
    return ORDERS
