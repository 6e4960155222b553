"""What is enqueued in the demo, when, and how each job is expected to end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from django_jobs.models import Job
from django_jobs.states import JobStatus

from .. import imaging, importing, jobs, newsletter, ordering, seeding
from ..models import Card, Customer, ImportReport, Product, Report, SupplierFeed

CANCEL_AT = 25
"""The progress, in per cent, at which the stocktaking is cancelled."""


@dataclass
class Part:
    """A job of the demo, and how it should end."""

    job: Job
    label: str
    expected: str = JobStatus.COMPLETED

    @property
    def went_well(self) -> bool:
        """Whether the job ended as it should."""
        return self.job.status == self.expected


class Story:
    """The parts that have been enqueued, and the cues that still wait for something to happen."""

    def __init__(self) -> None:
        self.parts: dict[UUID, Part] = {}
        self.cues: list[Callable[[], bool]] = [self._trade, self._cancel_stocktaking, self._mend_supplier]
        self.notes: list[str] = []

    def open(self) -> None:
        """Enqueue what an empty shop can do."""
        SupplierFeed.turn(is_up=False)
        with transaction.atomic():
            self.report: ImportReport = importing.new_report()
            imported = jobs.import_products.enqueue(report_id=self.report.pk)
            self.catalogue = self._add(imported, "import 4,927 rows of CSV")
            self._add_pictures()
            stock = jobs.take_stock.enqueue(drawers=60, seconds_each=0.1)
            self.stock = self._add(stock, "take stock, and be cancelled", JobStatus.CANCELLED)
            self.prices = self._add(jobs.sync_prices.enqueue(), "ask a supplier who is down")

    @property
    def is_over(self) -> bool:
        """Whether every part is done and nothing is left to enqueue."""
        return not self.cues and all(part.job.is_finished for part in self.parts.values())

    @property
    def went_well(self) -> bool:
        """Whether the story is over, and every part ended as it should."""
        return self.is_over and all(part.went_well for part in self.parts.values())

    def advance(self) -> None:
        """Look at the jobs again, and enqueue or cancel what its cue has come for."""
        self._refresh()
        self.cues = [cue for cue in self.cues if not cue()]

    def _refresh(self) -> None:
        for job in Job.objects.filter(pk__in=list(self.parts)):
            self.parts[job.pk].job = job
        while new := self._new_followers():
            for job in new:
                self._add(job, f"… then {job.name.partition('.')[2].replace('_', ' ')}")

    def _new_followers(self) -> list[Job]:
        known = list(self.parts)
        return list(Job.objects.filter(parent__in=known).exclude(pk__in=known).order_by("pk"))

    def _add(self, job: Job, label: str, expected: str = JobStatus.COMPLETED) -> Part:
        part = self.parts[job.pk] = Part(job, label, expected)
        return part

    def _add_pictures(self) -> None:
        pictures = imaging.add_bundled()
        enqueued = jobs.prepare_picture.enqueue_many({"picture_id": picture.pk} for picture in pictures)
        for picture, job in zip(pictures, enqueued, strict=True):
            self._add(job, f"prepare a picture: {picture.title}")

    def _trade(self) -> bool:
        """Once there are stones, sell them."""
        if not self.catalogue.job.is_finished:
            return False
        added = seeding.seed()
        if added:
            self.notes.append(f"{added} orders of the past year were made up, from the imported stones.")
        with transaction.atomic():
            self._add_orders()
            self._add(jobs.scrape_reviews.enqueue(), "read reviews over HTTP")
            self._add(jobs.sales_report.enqueue(report_id=Report.objects.create().pk), "draw the sales report")
            self._add_newsletter()
        return True

    def _add_orders(self) -> None:
        customer = Customer.objects.order_by("pk").first()
        stones = iter(Product.objects.order_by("-stock", "sku")[:4])
        for label, quantity, card, expected in _ORDERS:
            if customer is None or (stone := next(stones, None)) is None:
                return
            order = ordering.place(customer, {stone: quantity}, card)
            job = jobs.process_order.using(owner=customer).enqueue(order_id=order.pk)
            self._add(job, label, expected)

    def _add_newsletter(self) -> None:
        sent = newsletter.send("New stones have come in", "Come and see them while they are here.")
        for job in sent:
            self._add(job, "mail the newsletter")
        if not sent:
            self.notes.append("No newsletter: the handler email-notification is not installed.")

    def _cancel_stocktaking(self) -> bool:
        """Cancel the stocktaking once it has come some way."""
        if (self.stock.job.progress_percent or 0) < CANCEL_AT and not self.stock.job.is_finished:
            return False
        self.stock.job.cancel(reason="the demo has seen enough")
        return True

    def _mend_supplier(self) -> bool:
        """Once the supplier has failed us, turn its feed on and retry the job."""
        if not self.prices.job.is_finished or not self.catalogue.job.is_finished:
            return False
        if self.prices.job.status == JobStatus.FAILED:
            SupplierFeed.turn(is_up=True)
            self.prices.job.retry()
            self.notes.append("The supplier was down, so its job failed after 2 attempts; it was mended and retried.")
        return True


_ORDERS: Iterable[tuple[str, int, str, str]] = (
    ("an order with a good card", 1, Card.GOOD, JobStatus.COMPLETED),
    ("an order, with the gateway down twice", 1, Card.FLAKY, JobStatus.COMPLETED),
    ("an order with a declined card", 1, Card.DECLINED, JobStatus.FAILED),
    ("an order of more than there is", 99, Card.GOOD, JobStatus.FAILED),
)
