"""Who buys what, and how far each order has come."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Sum
from django.urls import reverse

from .catalogue import Product


class Card(models.TextChoices):
    """The last digits of the test cards that the payment gateway knows."""

    GOOD = "4242", "4242: is charged"
    FLAKY = "0341", "0341: the gateway is down twice, then it is charged"
    DECLINED = "0002", "0002: is declined"


class OrderStatus(models.TextChoices):
    """How far an order has come."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class Customer(models.Model):
    """Somebody who buys."""

    name = models.CharField(max_length=80)
    email = models.EmailField(unique=True)
    takes_newsletter = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """What a customer bought at one time."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(max_length=10, choices=OrderStatus.choices, default=OrderStatus.PLACED)
    card = models.CharField(max_length=4, choices=Card.choices, default=Card.GOOD)
    placed_at = models.DateTimeField(db_index=True)
    is_reserved = models.BooleanField(default=False, help_text="Its stones are taken out of the stock.")
    note = models.CharField(max_length=200, blank=True)
    tracking_number = models.CharField(max_length=20, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-placed_at"]

    def __str__(self) -> str:
        return f"order {self.pk} of {self.customer}"

    def get_absolute_url(self) -> str:
        """Return the address of the order's page."""
        return reverse("shop:order", args=[self.pk])

    @property
    def total(self) -> Decimal:
        """What the order costs."""
        total: Decimal | None = self.lines.aggregate(total=Sum(F("quantity") * F("price")))["total"]
        return total or Decimal(0)

    def move(self, source: OrderStatus, target: OrderStatus, **changes: object) -> bool:
        """Move from one status to another in one statement; False when the order was not in `source` any more."""
        moved = Order.objects.filter(pk=self.pk, status=source).update(status=target, **changes)
        self.refresh_from_db()
        return bool(moved)


class OrderLine(models.Model):
    """So many of one stone, at the price of the day."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField(default=1)
    price = models.DecimalField(max_digits=10, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product.sku}"


class Payment(models.Model):
    """What the payment gateway remembers of an order: it charges each order once, however often it is asked."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE)
    tries = models.PositiveSmallIntegerField(default=0)
    reference = models.CharField(max_length=20, blank=True)
    charged_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.reference or "not charged"
