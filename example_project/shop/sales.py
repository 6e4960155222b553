"""What was sold, in numbers and as a chart."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.db.models import Count, DecimalField, ExpressionWrapper, F, QuerySet, Sum
from django.db.models.functions import TruncWeek

from .models import OrderLine, OrderStatus, Report

SOLD = [OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.CONFIRMED]
AMOUNT = ExpressionWrapper(F("quantity") * F("price"), output_field=DecimalField(max_digits=14, decimal_places=2))


@dataclass(frozen=True)
class Sales:
    """What a report tells."""

    orders: int
    revenue: Decimal
    by_week: dict[date, Decimal]
    by_cut: dict[str, Decimal]


def sales_of(report: Report) -> Sales:
    """Add up the orders of the report's days."""
    lines = _lines(report)
    totals = lines.aggregate(orders=Count("order", distinct=True), revenue=Sum(AMOUNT))
    weeks = lines.annotate(week=TruncWeek("order__placed_at")).values("week").annotate(sum=Sum(AMOUNT))
    cuts = lines.values("product__cut").annotate(sum=Sum(AMOUNT))
    return Sales(
        orders=totals["orders"],
        revenue=totals["revenue"] or Decimal(0),
        by_week={row["week"].date(): row["sum"] for row in weeks.order_by("week")},
        by_cut={row["product__cut"]: row["sum"] for row in cuts.order_by("-sum")},
    )


def _lines(report: Report) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(
        order__status__in=SOLD,
        order__placed_at__date__gte=report.first_day,
        order__placed_at__date__lte=report.last_day,
    )


def draw(sales: Sales) -> bytes:
    """Return a PNG with the revenue by week and by cut."""
    # Imported here: matplotlib is slow to load, and only this job needs it. A Figure of its own is safe in threads,
    # which pyplot is not.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    by_week, by_cut = figure.subplots(1, 2, width_ratios=[3, 1])
    _draw_weeks(by_week, sales.by_week)
    _draw_cuts(by_cut, sales.by_cut)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110)
    return image.getvalue()


def _draw_weeks(axes: Any, by_week: dict[date, Decimal]) -> None:
    weeks = list(by_week)
    axes.bar(weeks, [float(amount) / 1000 for amount in by_week.values()], width=timedelta(days=6), color="#2f6f8f")
    axes.set_title("Revenue by week")
    axes.set_ylabel("thousand dollars")
    axes.tick_params(axis="x", rotation=30)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_cuts(axes: Any, by_cut: dict[str, Decimal]) -> None:
    axes.barh(list(by_cut)[::-1], [float(amount) / 1000 for amount in by_cut.values()][::-1], color="#c08a3e")
    axes.set_title("by cut")
    axes.set_xlabel("thousand dollars")
    axes.spines[["top", "right"]].set_visible(False)


def store(report: Report, sales: Sales, chart: bytes) -> None:
    """Keep the numbers and the chart, in the place of those of an earlier attempt."""
    if report.chart:
        report.chart.delete(save=False)
    report.chart.save(f"sales-{report.pk}.png", ContentFile(chart), save=False)
    report.orders = sales.orders
    report.revenue = sales.revenue
    report.save(update_fields=["chart", "orders", "revenue"])
