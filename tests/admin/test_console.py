"""The overview, the queues and the workers in a real browser, under the same strict policy as the job page."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from django_jobs.models import Attempt, Job, JobEvent, Queue, Stat
from django_jobs.states import JobStatus
from django_jobs.testing import run_jobs
from tests.admin.conftest import url
from tests.admin.test_browser import site  # noqa: F401 - a fixture
from tests.admin.test_overview import INDEX
from tests.factories import JobFactory, WorkerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def console(site):  # noqa: F811
    """Return the page of a person that is logged in, and a way to open addresses on it."""
    site.open = lambda address: site.goto(site.site + address)
    return site


def make_stat(**counts):
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    Stat.objects.create(minute=minute, worker_id=uuid4(), name="tests.echo", queue_name="mail", **counts)


def test_the_overview_follows_what_happens(console):
    console.open(INDEX)
    assert console.inner_text(".jobs-block-failed strong") == "0"
    JobFactory(failed=True, error="KeyError: 'price'")
    make_stat(completed=3, failed=1)
    console.wait_for_selector("text=KeyError: 'price'")
    assert console.inner_text(".jobs-block-failed strong") == "1"
    assert console.locator(".jobs-chart rect.jobs-bar-of-failed").count() == 1


def test_what_a_person_opened_or_reached_by_keyboard_stays_while_the_page_changes(console):
    make_stat(completed=3)
    JobFactory(queue_name="mail")
    console.open(INDEX)
    console.click("text=As a table")
    link = console.locator("[data-live=queues] a", has_text="mail")
    link.focus()
    make_stat(completed=1000)
    JobFactory.create_batch(4, queue_name="mail")
    console.wait_for_selector("td:has-text('1003')")
    assert console.locator("details[data-key=chart]").get_attribute("open") is not None
    console.wait_for_selector("[data-live=queues] tr:has-text('mail') td:text-is('5')")
    assert console.evaluate("document.activeElement.textContent") == "mail"


def test_a_queue_is_paused_and_holds_until_it_is_resumed(console):
    job = JobFactory(queue_name="mail")
    console.open(url("queue_changelist"))
    console.click("button[aria-label='Pause mail']")
    console.wait_for_selector("text=Paused: mail")
    run_jobs()
    assert Job.objects.get().status == JobStatus.PENDING
    console.open(INDEX)
    assert console.locator("[data-live=queues] .jobs-mark-paused").count() == 1
    console.click("[data-live=queues] h2 a")
    console.click("button[aria-label='Resume mail']")
    console.wait_for_selector("text=Resumed: mail")
    run_jobs()
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED


def test_the_ticked_queues_are_paused_together(console):
    for name in ("mail", "reports", "other"):
        JobFactory(queue_name=name)
    console.open(url("queue_changelist"))
    console.check("input[value=mail]")
    console.check("input[value=reports]")
    console.click(".jobs-picked button[name=pause]")
    console.wait_for_selector("text=Paused: mail, reports")
    assert set(Queue.objects.paused().values_list("name", flat=True)) == {"mail", "reports"}


def test_a_worker_is_asked_to_stop_from_its_page(console):
    worker = WorkerFactory()
    console.open(url("worker_change", worker.pk))
    console.click("text=Ask to stop")
    console.wait_for_selector("text=1 worker was asked to stop")
    worker.refresh_from_db()
    assert worker.stop_requested_at is not None
    assert console.locator(".jobs-mark-stopping").count() == 1


def test_a_failure_leads_to_its_jobs(console):
    for number in (17, 18):
        JobFactory(failed=True, name="shop.ship", error=f'ValueError: order {number} said "no"')
    JobFactory(failed=True, name="shop.ship", error="KeyError: 'price'")
    console.open(INDEX)
    console.click("[data-live=failures] a >> nth=0")
    console.wait_for_selector("#result_list")
    assert console.locator("#result_list tbody tr").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_of_the_page(console, scheme, width):
    long = "shop." + "long_name_" * 15
    make_stat(completed=10**6, failed=5)
    JobFactory(failed=True, name=long, error="x" * 500)
    JobFactory(scheduled=True, name=long, queue_name="q" * 100)
    JobFactory(running=True, name=long, worker=WorkerFactory(name="host" * 20, busy=3, memory=12345))
    Queue.objects.pause("p" * 100)
    console.emulate_media(color_scheme=scheme)
    console.set_viewport_size({"width": width, "height": 800})
    for address in (INDEX, url("queue_changelist"), url("worker_changelist")):
        console.open(address)
        assert console.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, address


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_column_of_a_list_is_cut_off(console, settings, language, width):
    settings.LANGUAGE_CODE = language
    worker = WorkerFactory(name="host-7:12345", busy=3, memory=12345)
    job = JobFactory(running=True, name="shop.process_order", worker=worker, attempts=2)
    JobFactory(failed=True, name="shop.process_order", error="TypeError: an unexpected keyword argument 'fmt'")
    now = timezone.now()
    row = {
        "number": 1,
        "claim_token": 1,
        "outcome": "failed",
        "error": "TypeError: unexpected 'fmt'",
        "worker_name": worker.name,
    }
    Attempt.objects.create(job=job, started_at=now - timedelta(minutes=7), ended_at=now, **row)
    JobEvent.objects.create(job=job, name="paid", data={"with": "a card"})
    console.set_viewport_size({"width": width, "height": 900})
    for name in ("job", "worker", "attempt", "jobevent", "joblog", "queue"):
        console.open(url(f"{name}_changelist"))
        found = console.evaluate(
            "[...document.querySelectorAll('.results')].map(box => box.scrollWidth - box.clientWidth)"
        )
        assert max(found, default=0) <= 0, name
    console.open(url("attempt_changelist"))
    assert console.locator("#result_list tbody tr").first.bounding_box()["height"] < 150


def test_a_list_freshens_its_rows_and_tells_of_others(console):
    job = JobFactory(running=True, worker=WorkerFactory(), progress_current=1, progress_total=4)
    console.open(url("job_changelist"))
    console.check("input.action-select")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.COMPLETED, finished_at=timezone.now())
    console.wait_for_selector("#result_list .jobs-mark-completed")
    assert console.locator("input.action-select").is_checked()
    assert console.locator("#jobs-others").is_hidden()
    JobFactory(name="shop.other")
    console.wait_for_selector("#jobs-others a")
    assert console.locator("#result_list tbody tr").count() == 1
    console.click("#jobs-others a")
    console.wait_for_selector("#result_list >> text=shop.other")
