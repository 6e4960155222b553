"""Our pages under other themes of the admin, each on a site of its own: a theme changes the whole process."""

import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_jobs.models import JobLog
from tests.admin.conftest import job_url, url
from tests.admin.test_overview import INDEX
from tests.axe import complaints
from tests.factories import JobFactory, WorkerFactory
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HEADINGS = {"jazzmin": ".app-content-header h3", "unfold": "#main h1"}
"""Where each theme says what its page is about."""


@pytest.fixture(params=HEADINGS)
def theme(request):
    """Name a theme that is installed here."""
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    return request.param


@pytest.fixture
def themed(page, theme, child_environment):
    """Return the page of a person that is logged in to a site with the theme, and a way to open addresses on it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "django", "runserver", "--noreload", "--skip-checks", place]
    environment = {**child_environment, "DJANGO_SETTINGS_MODULE": "tests.admin.themed", "TESTS_THEME": theme}
    with running(command, environment):
        wait_until(lambda: is_up(place))
        client = Client()
        client.force_login(User.objects.create_superuser("ann"))
        session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": f"http://{place}"}
        page.context.add_cookies([session])
        page.set_default_timeout(15_000)
        page.open = lambda address: page.goto(f"http://{place}{address}")
        yield page
        page.goto("about:blank")


@contextmanager
def running(command, environment):
    site = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        site.kill()
        site.wait()


def is_up(place):
    try:
        return urllib.request.urlopen(f"http://{place}/admin/login/", timeout=5).status == 200
    except OSError:
        return False


def sticks_out(page):
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def test_the_job_page_can_be_read_and_used(themed, theme):
    job = JobFactory(running=True, name="tests.echo", worker=WorkerFactory())
    JobLog.objects.create(job=job, message="going on", level=30)
    for width in (400, 1280):
        themed.set_viewport_size({"width": width, "height": 900})
        themed.open(job_url(job))
        assert "tests.echo" in themed.inner_text(HEADINGS[theme]).lower()
        assert themed.locator(".jobs-main").bounding_box()["width"] > min(500, width * 0.8)
        assert not sticks_out(themed)
    for part in (".jobs-head", ".jobs-log", ".jobs-log-tools button"):
        assert not complaints(themed, within=part)
    field = themed.locator("input[name=words]")
    assert field.evaluate("field => getComputedStyle(field).borderTopWidth") == "1px"
    themed.once("dialog", lambda dialog: dialog.accept())
    themed.click("button[value=cancel]")
    themed.wait_for_selector("text=will be stopped by its worker")


def test_the_other_pages_can_be_read_and_used(themed):
    pending, failed = JobFactory(pending=True), JobFactory(failed=True, name="tests.add", kwargs={"a": 1, "b": 2})
    themed.open(job_url(pending))
    themed.fill("#id_priority", "7")
    themed.click("[name=_save]")
    themed.wait_for_selector("#result_list")
    pending.refresh_from_db()
    assert pending.priority == 7
    tabs, search = (themed.locator(found).bounding_box() for found in (".jobs-tabs", "#searchbar"))
    assert tabs["y"] + tabs["height"] <= search["y"]
    for address in (url("queue_changelist"), url("worker_changelist"), INDEX):
        themed.open(address)
        assert not sticks_out(themed)
        assert all(each.bounding_box()["width"] <= 1 for each in themed.locator(".jobs-hidden").all())
    themed.open(url("job_again", failed.pk))
    assert themed.locator(":is(h1, h2, h3):has-text('Run again as a copy')").count()
    themed.click("text=Enqueue a copy")
    themed.wait_for_selector("text=This job is a copy")
