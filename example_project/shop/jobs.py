"""The shop's handlers: what it does behind its pages.

Each one is the thin part that knows of jobs; the work itself stands in a module that does not.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.error import URLError

from django.db import transaction
from django.db.models import F
from django.urls import reverse

from django_jobs import Fail, Retry, current_job, exponential, fixed, job
from django_jobs.models import Job

from . import imaging, importing, ordering, payments, sales, scraping
from .models import ImportReport, Order, OrderStatus, Picture, Product, Report, SupplierFeed

BATCH = 200
LOGGED_FAULTS = 10
"""How many bad rows are logged one by one; all of them are in the report."""


@job(queue_name="imports", timeout=600)
def import_products(report_id: int) -> dict[str, Any]:
    """Import a CSV file of stones; bad rows go into its report, good ones into the shop."""
    report = ImportReport.objects.get(pk=report_id)
    try:
        catalogue = importing.start(report)
    except importing.NotACatalogueError as error:
        raise Fail(str(error)) from error
    done = good = bad = 0
    for batch in catalogue.batches(BATCH):
        importing.store(report, batch)
        _log_faults(batch.faults[: max(0, LOGGED_FAULTS - bad)])
        done, good, bad = done + batch.lines, good + len(batch.stones), bad + batch.lines - len(batch.stones)
        current_job.progress(done, catalogue.total, f"{good:,} stones imported, {bad} bad rows")
    importing.finish(report, good)
    return {"imported": good, "bad_rows": bad, "page": report.get_absolute_url()}


def _log_faults(faults: list[importing.Fault]) -> None:
    for fault in faults:
        current_job.log.warning(
            "line %d, %s: %s",
            fault.line,
            fault.column,
            fault.reason,
            extra={"line": fault.line, "value": fault.value},
        )


@job(queue_name="reports")
def sales_report(report_id: int) -> dict[str, Any]:
    """Add up what was sold between two days, and draw a chart of it."""
    report = Report.objects.get(pk=report_id)
    current_job.progress(0, 3, "adding up the orders")
    sold = sales.sales_of(report)
    if not sold.orders:
        raise Fail(f"Nothing was sold from {report.first_day} to {report.last_day}.")
    current_job.progress(1, 3, "drawing the chart")
    chart = sales.draw(sold)
    current_job.progress(2, 3, "storing the report")
    sales.store(report, sold, chart)
    current_job.progress(3, 3, "ready")
    return {"orders": sold.orders, "revenue": str(sold.revenue), "page": report.get_absolute_url()}


@job(queue_name="pictures", priority="low")
def prepare_picture(picture_id: int) -> dict[str, Any]:
    """Make the versions of a picture that the pages show."""
    picture = Picture.objects.get(pk=picture_id)
    try:
        image = imaging.load(picture)
    except imaging.NotAPictureError as error:
        raise Fail(str(error)) from error
    sizes = {}
    for kind in current_job.track(imaging.OPERATIONS, message=f"working on {picture.title}"):
        version = imaging.make(picture, image, kind)
        current_job.log.info("%s: %d × %d, %d bytes", kind, version.width, version.height, version.size)
        sizes[kind] = version.size
    return {"original": picture.original.size, "sizes": sizes, "page": reverse("shop:pictures")}


@job(queue_name="orders", priority="high", max_attempts=5, backoff=fixed(1))
def process_order(order_id: int) -> dict[str, Any]:
    """Reserve an order's stones and charge its card, then hand it on to `fulfil_order`."""
    order = Order.objects.select_related("customer").get(pk=order_id)
    if order.status == OrderStatus.DECLINED:
        ordering.reopen(order)
    try:
        current_job.progress(0, 2, "reserving the stones")
        ordering.reserve(order)
        current_job.progress(1, 2, "charging the card")
        reference = payments.charge(order)
    except (ordering.OutOfStockError, payments.CardDeclinedError) as error:
        raise Fail(str(error)) from error
    except payments.GatewayDownError as error:
        raise Retry(str(error), delay=1) from error
    with transaction.atomic():
        if ordering.mark_paid(order):
            fulfil_order.using(owner=order.customer).enqueue(order_id=order.pk)
    current_job.progress(2, 2, "paid")
    return {"payment": reference, "page": order.get_absolute_url()}


@process_order.on_error
def give_stones_back(record: Job, exception: BaseException) -> None:
    """End an order that could not be processed, and say why on it."""
    order = Order.objects.get(pk=record.kwargs["order_id"])
    ordering.decline(order, str(exception))


@job(queue_name="orders")
def fulfil_order(order_id: int) -> dict[str, Any]:
    """Hand a paid order to the carrier, then have its customer told."""
    order = Order.objects.select_related("customer").get(pk=order_id)
    with transaction.atomic():
        if ordering.ship(order):
            send_confirmation.using(owner=order.customer).enqueue(order_id=order.pk)
    return {"tracking_number": order.tracking_number, "page": order.get_absolute_url()}


@job(queue_name="mail", retry_on=OSError)
def send_confirmation(order_id: int) -> dict[str, Any]:
    """Tell a customer that the order is on its way."""
    order = Order.objects.select_related("customer").get(pk=order_id)
    is_new = ordering.confirm(order)
    return {"sent_to": order.customer.email, "is_new": is_new, "page": order.get_absolute_url()}


@job(queue_name="imports", backoff=exponential(maximum=30))
def scrape_reviews(first_page: int = 1) -> dict[str, Any]:
    """Read the reviews of our stones from another site, page by page."""
    number = pages = first_page
    found = stored = 0
    while number <= pages:
        try:
            page = scraping.fetch(number)
        except scraping.PageMissingError as error:
            raise Fail(str(error)) from error
        except URLError as error:
            raise Retry(f"The site with the reviews does not answer: {error.reason}") from error
        pages = page.pages
        found, stored = found + len(page.reviews), stored + scraping.store(page.reviews)
        current_job.progress(number, pages, f"page {number} of {pages}: {found} reviews so far")
        number += 1
    return {"pages": pages, "found": found, "of_our_stones": stored, "page": reverse("shop:catalogue")}


@job(queue_name="stocktaking", timeout=3600)
def take_stock(drawers: int = 60, seconds_each: float = 1) -> dict[str, Any]:
    """Count the stones drawer by drawer, slowly: something to watch and to cancel."""
    stones = list(Product.objects.values_list("stock", flat=True))
    counted = 0
    for drawer in current_job.track(range(drawers), message="counting the drawers"):
        time.sleep(seconds_each)
        current_job.raise_if_cancelled()
        counted += sum(stones[drawer::drawers])
    current_job.emit("stock_taken", {"stones": counted})
    return {"stones": counted, "page": reverse("shop:catalogue")}


class SupplierUnreachableError(Exception):
    """The supplier's feed is down."""


@job(queue_name="imports", max_attempts=2, backoff=fixed(1))
def sync_prices() -> dict[str, Any]:
    """Fetch the supplier's prices; it fails until somebody turns the supplier's feed on."""
    current_job.log.info("asking the supplier, attempt %d of %d", current_job.attempt, current_job.max_attempts)
    if not SupplierFeed.answers():
        raise SupplierUnreachableError("The supplier's feed is down. Turn it on, then retry the job.")
    stones = Product.objects.update(supplier_price=F("price") * 7 / 10)
    return {"stones": stones, "page": reverse("shop:catalogue")}
