"""The supplier's price feed, which is down until somebody says that it is up."""

from __future__ import annotations

from django.db import models


class SupplierFeed(models.Model):
    """The one switch of the feed; no row means that it is down."""

    is_up = models.BooleanField(default=False)

    def __str__(self) -> str:
        return "up" if self.is_up else "down"

    @classmethod
    def turn(cls, *, is_up: bool) -> None:
        """Turn the feed on or off."""
        cls.objects.update_or_create(pk=1, defaults={"is_up": is_up})

    @classmethod
    def answers(cls) -> bool:
        """Tell whether the feed is up."""
        return cls.objects.filter(is_up=True).exists()
