"""Every kind of page, light and dark, as axe-core judges it for people with disabilities."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_jobs.models import Attempt, JobEvent, JobLog, Queue
from tests.admin.conftest import job_url, url
from tests.admin.test_browser import site  # noqa: F401 - a fixture
from tests.admin.test_overview import INDEX
from tests.axe import complaints
from tests.factories import JobFactory, WorkerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DJANGO = {
    "#header": "Django's own bar, whose colours a project chooses",
    "#nav-sidebar": "Django's list of all models",
    "#toolbar": "Django's search box",
    ".actions": "Django's choice of actions",
    "#changelist-filter": "Django's filters",
    ".breadcrumbs": "Django's colours of the way back",
    ".object-tools": "Django's link to the history",
}
"""What is not ours to mend, each with what it is."""


@pytest.fixture
def rows(site):  # noqa: F811
    """Make one of everything that a page can show."""
    worker = WorkerFactory(busy=2, memory=12345)
    running = JobFactory(running=True, worker=worker, progress_current=1, progress_total=3, name="tests.echo")
    failed = JobFactory(failed=True, error="KeyError: 'price'", kwargs={"a": 1})
    for level in (10, 20, 30, 40):
        JobLog.objects.create(job=failed, message="x" * 2100, level=level, extra={"order": 7})
    event = JobEvent.objects.create(job=failed, name="paid", data={"with": "a card"})
    ended = {"started_at": timezone.now() - timedelta(minutes=7), "ended_at": timezone.now()}
    told = {"number": 1, "claim_token": 1, "outcome": "failed", "error": "KeyError", "traceback": "Traceback"}
    attempt = Attempt.objects.create(job=failed, **ended, **told)
    Queue.objects.pause("mail")
    return {
        "overview": INDEX,
        "running": job_url(running),
        "failed": job_url(failed),
        "scheduled": job_url(JobFactory(scheduled=True)),
        "copy": url("job_again", failed.pk),
        "worker": url("worker_change", worker.pk),
        "event": url("jobevent_change", event.pk),
        "attempt": url("attempt_change", attempt.pk),
        "line": url("joblog_change", JobLog.objects.first().pk),
        **{name: url(f"{name}_changelist") for name in ("job", "worker", "queue", "attempt", "jobevent", "joblog")},
    }


@pytest.mark.timeout(240)  # axe-core takes seconds for each page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out(site, rows, scheme):  # noqa: F811
    site.context.unroute_all()  # axe-core itself needs styles that the policy forbids
    site.emulate_media(color_scheme=scheme)
    found = {}
    for name, address in rows.items():
        site.goto(site.site + address)
        found[name] = complaints(site, without=DJANGO)
    assert not any(found.values()), found
