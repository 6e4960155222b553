"""The shop in a real browser: its pages follow jobs by themselves."""

import pytest
from django.urls import reverse

from django_jobs.models import Job
from django_jobs.testing import run_jobs

from ..handling import start_worker
from .factories import CustomerFactory, OrderFactory, ProductFactory

__all__ = ["start_worker"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop_page(page, live_server):
    """Open the index, and wait no longer than a slow machine needs."""
    page.set_default_timeout(15_000)
    page.goto(live_server.url + reverse("shop:index"))
    return page


def wait_for(page, status):
    page.wait_for_selector(f"article > job-status[status={status}]")


def test_the_page_of_a_job_shows_its_end_without_being_reloaded(shop_page):
    ProductFactory(stock=3)
    shop_page.fill("#id_stock-drawers", "2")
    shop_page.fill("#id_stock-seconds_each", "0")
    shop_page.click("#stock button")
    wait_for(shop_page, "pending")

    run_jobs()

    wait_for(shop_page, "completed")
    assert '"stones": 3' in shop_page.text_content("[data-part=result]")
    assert shop_page.evaluate("document.querySelector('job-status progress').value") == 100
    shop_page.wait_for_selector("text=See what it made")
    assert shop_page.is_visible("text=Run again")
    assert not shop_page.is_visible("text=Cancel")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bar_moves_while_a_worker_works_and_the_page_stops_asking_by_itself(shop_page, start_worker, scheme):
    shop_page.emulate_media(color_scheme=scheme)
    shop_page.set_viewport_size({"width": 390, "height": 800})
    shop_page.clock.install()
    shop_page.fill("#id_stock-drawers", "30")
    shop_page.fill("#id_stock-seconds_each", "0.2")
    shop_page.click("#stock button")
    wait_for(shop_page, "pending")
    shop_page.evaluate(
        """() => {
          const element = document.querySelector("job-status");
          window.bars = [];
          element.addEventListener("progress", () => window.bars.push(element.querySelector("progress").value));
          element.addEventListener("complete", (event) => { window.ended = event.detail.status; });
        }"""
    )

    start_worker("stocktaking")

    shop_page.wait_for_function("() => window.ended === 'completed'")
    bars = shop_page.evaluate("window.bars")
    assert bars == sorted(bars)
    assert len([bar for bar in bars if 0 < bar < 100]) >= 2, bars
    asked = []
    shop_page.on("request", lambda request: asked.append(request.url) if ".json" in request.url else None)
    shop_page.clock.fast_forward(60_000)
    shop_page.evaluate("fetch('/')")
    assert asked == []


def test_the_jobs_that_follow_an_order_are_followed_too(shop_page):
    customer, stone = CustomerFactory(), ProductFactory()
    shop_page.reload()
    shop_page.select_option("#id_order-customer", str(customer.pk))
    shop_page.fill("#id_order-sku", stone.sku)
    shop_page.click("#order button")
    wait_for(shop_page, "pending")

    run_jobs()

    shop_page.wait_for_function("document.querySelectorAll('.followers job-status[status=completed]').length === 2")


def test_a_waiting_job_is_cancelled_from_its_page(shop_page):
    shop_page.click("#stock button")
    shop_page.click("text=Cancel")

    wait_for(shop_page, "cancelled")
    assert Job.objects.get().status == "cancelled"


def test_the_error_of_a_failed_job_is_shown_and_the_job_can_be_retried(shop_page):
    shop_page.click("#prices button")
    wait_for(shop_page, "pending")

    run_jobs(scheduled=True)

    wait_for(shop_page, "failed")
    assert "The supplier's feed is down." in shop_page.text_content("[data-part=error]")
    shop_page.click("text=Run again")
    wait_for(shop_page, "pending")


def test_a_report_is_made_without_leaving_the_page(shop_page):
    OrderFactory(confirmed=True)
    shop_page.click("#report button")
    shop_page.wait_for_selector("text=The job is pending.")

    run_jobs()

    shop_page.click("#report >> text=See what it made")
    shop_page.wait_for_selector("img.chart")


def test_a_form_that_starts_in_place_shows_its_mistakes_as_ever(shop_page):
    shop_page.fill("#id_report-first_day", "2026-02-01")
    shop_page.fill("#id_report-last_day", "2026-01-01")
    shop_page.click("#report button")
    shop_page.wait_for_selector("text=The last day lies before the first.")
    assert not Job.objects.exists()


@pytest.mark.parametrize("width", [360, 1200])
def test_no_page_is_wider_than_its_window(shop_page, live_server, width):
    ProductFactory()
    shop_page.set_viewport_size({"width": width, "height": 800})
    for name in ("index", "catalogue", "pictures"):
        shop_page.goto(live_server.url + reverse(f"shop:{name}"))
        assert shop_page.evaluate("document.documentElement.scrollWidth") <= width
