"""Reads reviews from the HTML pages of another site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.conf import settings
from django.urls import reverse

from .models import Product, Review

TIMEOUT = 10
LONGEST = 2_000_000


class PageMissingError(Exception):
    """The other site says that there is no such page, and will say so again."""


@dataclass
class ReviewPage:
    """What one page says."""

    pages: int = 1
    reviews: list[dict[str, str]] = field(default_factory=list)


class _Parser(HTMLParser):
    """Collects what the page marks up with `data-review` and `data-field`."""

    def __init__(self) -> None:
        super().__init__()
        self.page = ReviewPage()
        self._field: str | None = None
        self._takes_text = False

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "data-pages" in given:
            self.page.pages = int(given["data-pages"] or 1)
        if "data-review" in given:
            self.page.reviews.append({"source_id": given["data-review"] or ""})
        if "data-field" in given and self.page.reviews:
            self._field = given["data-field"] or ""
            self.page.reviews[-1][self._field] = given.get("data-value") or ""
            self._takes_text = "data-value" not in given

    def handle_endtag(self, _tag: str) -> None:
        self._field = None

    def handle_data(self, data: str) -> None:
        if self._field and self._takes_text:
            self.page.reviews[-1][self._field] += data


def fetch(number: int) -> ReviewPage:
    """Fetch and read one page; raise PageMissingError, or OSError when the site does not answer."""
    url = settings.SHOP_BASE_URL.rstrip("/") + reverse("shop:reviews", args=[number])
    request = Request(url, headers={"User-Agent": "shop-example"})  # noqa: S310 - the address is our own setting
    try:
        with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - likewise
            html = response.read(LONGEST).decode("utf-8")
    except HTTPError as error:
        error.close()
        if error.code == 404:
            raise PageMissingError(f"{url} does not exist.") from error
        raise
    return parse(html)


def parse(html: str) -> ReviewPage:
    """Read the reviews out of a page."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.page


def store(reviews: Sequence[dict[str, str]]) -> int:
    """Store the reviews of stones that we sell, and return how many those are; known ones are left alone."""
    products = {stone.sku: stone for stone in Product.objects.filter(sku__in={each["sku"] for each in reviews})}
    ours = [_review(each, products[each["sku"]]) for each in reviews if each["sku"] in products]
    Review.objects.bulk_create(ours, ignore_conflicts=True)
    return len(ours)


def _review(found: dict[str, str], product: Product) -> Review:
    return Review(
        source_id=found["source_id"],
        product=product,
        author=found["author"].strip()[:80],
        stars=int(found["stars"]),
        text=found["text"].strip(),
        written_on=date.fromisoformat(found["date"]),
    )
