"""The pages with forms, each of which enqueues a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from django_jobs.models import Job

from .. import imaging, importing, jobs, newsletter, ordering, visitors
from ..forms import (
    CatalogueForm,
    NewsletterForm,
    OrderForm,
    PictureForm,
    ReportForm,
    ReviewsForm,
    StockForm,
    SupplierForm,
)
from ..models import Picture, Product, SupplierFeed


def index(request: HttpRequest) -> HttpResponse:
    """Explain the shop, with all its forms."""
    return _page(request)


def import_catalogue(form: CatalogueForm) -> Sequence[Job]:
    """Keep the file, then import it."""
    report = importing.new_report(form.cleaned_data["file"])
    return [jobs.import_products.enqueue(report_id=report.pk)]


def make_report(form: ReportForm) -> Sequence[Job]:
    """Make a sales report."""
    return [jobs.sales_report.enqueue(report_id=form.save().pk)]


def prepare_pictures(form: PictureForm) -> Sequence[Job]:
    """Prepare the uploaded picture, or else those of the shop."""
    upload = form.cleaned_data["file"]
    if upload is None:
        pictures = imaging.add_bundled()
    else:
        pictures = [Picture.objects.create(title=upload.name[:80], original=upload)]
    return jobs.prepare_picture.enqueue_many({"picture_id": picture.pk} for picture in pictures)


def place_order(form: OrderForm) -> Sequence[Job]:
    """Place an order, and process it."""
    asked = form.cleaned_data
    order = ordering.place(asked["customer"], {asked["sku"]: asked["quantity"]}, asked["card"])
    return [jobs.process_order.using(owner=order.customer).enqueue(order_id=order.pk)]


def read_reviews(form: ReviewsForm) -> Sequence[Job]:
    """Read the reviews from the other site."""
    return [jobs.scrape_reviews.enqueue(first_page=form.cleaned_data["first_page"])]


def send_newsletter(form: NewsletterForm) -> Sequence[Job]:
    """Send the newsletter to all who take it."""
    return newsletter.send(form.cleaned_data["subject"], form.cleaned_data["text"])


def take_stock(form: StockForm) -> Sequence[Job]:
    """Count the stones."""
    return [jobs.take_stock.enqueue(**form.cleaned_data)]


def sync_prices(form: SupplierForm) -> Sequence[Job]:
    """Note whether the supplier's feed is up, then ask it."""
    SupplierFeed.turn(is_up=form.cleaned_data["is_up"])
    return [jobs.sync_prices.enqueue()]


STARTS: dict[str, tuple[type[forms.BaseForm], Callable[..., Sequence[Job]]]] = {
    "import": (CatalogueForm, import_catalogue),
    "pictures": (PictureForm, prepare_pictures),
    "order": (OrderForm, place_order),
    "report": (ReportForm, make_report),
    "reviews": (ReviewsForm, read_reviews),
    "newsletter": (NewsletterForm, send_newsletter),
    "stock": (StockForm, take_stock),
    "prices": (SupplierForm, sync_prices),
}
"""What can be started, by the word in its address."""


@require_POST
def start(request: HttpRequest, what: str) -> HttpResponse:
    """Check a form, enqueue what it asks for, and go to the job."""
    form_class, enqueue = STARTS[what]
    form = form_class(request.POST, request.FILES, prefix=what, label_suffix="")
    if not form.is_valid():
        return _page(request, form, status=400)
    # Rows and jobs are committed together: a job never looks for a row that is not there.
    with transaction.atomic():
        enqueued = enqueue(form)
    return _follow(request, enqueued)


def _follow(request: HttpRequest, enqueued: Sequence[Job]) -> HttpResponse:
    if not enqueued:
        messages.warning(request, "There was nothing to do.")
        return redirect("shop:index")
    visitors.remember(request, enqueued)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        first = enqueued[0].pk
        return JsonResponse({"id": first, "status_url": reverse("django_jobs:state", args=[first])}, status=202)
    if len(enqueued) > 1:
        messages.success(request, f"{len(enqueued)} jobs were enqueued.")
        return redirect("shop:index")
    return redirect("shop:job", enqueued[0].pk)


def _page(request: HttpRequest, bound: forms.BaseForm | None = None, status: int = 200) -> HttpResponse:
    shown = {what: form_class(prefix=what, label_suffix="") for what, (form_class, _) in STARTS.items()}
    if bound is not None:
        shown[str(bound.prefix)] = bound
    context = {"forms": shown, "jobs": visitors.jobs_of(request), "stones": Product.objects.count()}
    return render(request, "shop/index.html", context, status=status)
