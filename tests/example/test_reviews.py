"""Reviews: read over HTTP from pages that the site serves itself."""

import pytest
from django.urls import reverse

from django_jobs.testing import run_jobs
from example_project.shop import jobs, scraping
from example_project.shop.demo import stage
from example_project.shop.models import Review

from .factories import ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_site(settings):
    """Serve the pages on a port of this machine, and tell the scraper where."""
    with stage.site() as address:
        settings.SHOP_BASE_URL = address
        yield address


def scraped(**arguments):
    record = jobs.scrape_reviews.enqueue(**arguments)
    run_jobs()
    record.refresh_from_db()
    return record


def test_all_pages_are_read_and_reviews_of_our_stones_are_stored(other_site):
    stone = ProductFactory(sku="D-05501")
    ProductFactory(sku="D-00001")

    record = scraped()

    assert record.status == "completed", record.error
    assert record.result["pages"] == 5
    assert record.result["found"] == 23
    assert record.result["of_our_stones"] == Review.objects.count() == 2
    review = stone.reviews.get()
    assert (review.author, review.stars, str(review.written_on)) == ("Emeka Obi", 4, "2026-05-13")
    assert review.text == "I compared five shops. This one had <numbers> where the others had adjectives."
    assert record.progress_message == "page 5 of 5: 23 reviews so far"


def test_reading_twice_stores_each_review_once(other_site):
    ProductFactory(sku="D-00001")

    scraped()
    scraped()

    assert Review.objects.count() == 1


def test_a_page_that_does_not_exist_fails_the_job_at_once(other_site):
    record = scraped(first_page=99)

    assert (record.status, record.attempts) == ("failed", 1)
    assert record.error.endswith("/reviews/99/ does not exist.")


def test_a_site_that_does_not_answer_is_asked_again_later(settings):
    settings.SHOP_BASE_URL = "http://127.0.0.1:1"

    record = scraped()

    assert (record.status, record.attempts) == ("scheduled", 1)


def test_the_parser_reads_values_from_text_and_from_attributes(client):
    page = scraping.parse(client.get(reverse("shop:reviews", args=[5])).content.decode())

    assert page.pages == 5
    assert [review["source_id"] for review in page.reviews] == ["R-0021", "R-0022", "R-0023"]
    assert page.reviews[-1] == {
        "source_id": "R-0023",
        "sku": "D-44001",
        "author": "Fergus Boyle",
        "stars": "5",
        "date": "2026-07-02",
        "text": "Worth the wait, and worth telling.",
    }
