"""The pages that show what jobs have made, and the reviews that one of them reads."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Avg, Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from django_jobs.access import visible
from django_jobs.models import Job

from .. import importing
from ..models import ImportReport, Order, Picture, Product, Report

REVIEWS = Path(__file__).parent.parent / "data" / "reviews.json"
REVIEWS_PER_PAGE = 5


def catalogue(request: HttpRequest) -> HttpResponse:
    """List the stones, those with reviews first."""
    stones = Product.objects.annotate(opinions=Count("reviews"), stars=Avg("reviews__stars"))
    pages = Paginator(stones.order_by("-opinions", "sku"), 30)
    return render(request, "shop/catalogue.html", {"page": pages.get_page(request.GET.get("page"))})


def stone(request: HttpRequest, sku: str) -> HttpResponse:
    """Show a stone and what people say of it."""
    return render(request, "shop/stone.html", {"stone": get_object_or_404(Product, sku=sku)})


def import_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what an import came to, with its bad rows."""
    report = get_object_or_404(ImportReport, pk=pk)
    pages = Paginator(report.bad_rows.all(), 100)
    context = {"report": report, "page": pages.get_page(request.GET.get("page"))}
    return render(request, "shop/import.html", context)


def bad_rows(_request: HttpRequest, pk: int) -> HttpResponse:
    """Send the bad rows of an import as a CSV file."""
    report = get_object_or_404(ImportReport, pk=pk)
    name = f"bad-rows-{report.pk}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(importing.as_csv(report), content_type="text/csv; charset=utf-8", headers=headers)


def sales_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a sales report with its chart."""
    return render(request, "shop/report.html", {"report": get_object_or_404(Report, pk=pk)})


def pictures(request: HttpRequest) -> HttpResponse:
    """Show the pictures and what was made of them."""
    newest = Picture.objects.prefetch_related("versions")[:12]
    return render(request, "shop/pictures.html", {"pictures": newest})


def order(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an order, with the jobs that worked on it, to those who may see one of these."""
    found = get_object_or_404(Order.objects.select_related("customer"), pk=pk)
    worked = Job.objects.owned_by(found.customer).with_arguments(order_id=found.pk).order_by("pk")
    if not visible(request, worked).exists():
        raise Http404
    return render(request, "shop/order.html", {"order": found, "jobs": worked})


def reviews(request: HttpRequest, number: int) -> HttpResponse:
    """Play the other site: one page of reviews, marked up for whoever reads it."""
    pages = Paginator(_all_reviews(), REVIEWS_PER_PAGE)
    if number not in pages.page_range:
        raise Http404
    return render(request, "shop/reviews.html", {"page": pages.page(number)})


@cache
def _all_reviews() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(REVIEWS.read_text(encoding="utf-8"))
    return found
