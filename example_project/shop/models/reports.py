"""Sales reports."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.urls import reverse
from django.utils import timezone


def a_year_ago() -> date:
    """Return today's date of 365 days ago."""
    return timezone.localdate() - timedelta(days=365)


class Report(models.Model):
    """What was sold between two days, with a chart of it."""

    first_day = models.DateField(default=a_year_ago)
    last_day = models.DateField(default=timezone.localdate)
    created_at = models.DateTimeField(auto_now_add=True)
    chart = models.FileField(upload_to="reports", blank=True, editable=False)
    orders = models.PositiveIntegerField(default=0, editable=False)
    revenue = models.DecimalField(max_digits=14, decimal_places=2, default=0, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"sales from {self.first_day} to {self.last_day}"

    def get_absolute_url(self) -> str:
        """Return the address of the report's page."""
        return reverse("shop:report", args=[self.pk])
