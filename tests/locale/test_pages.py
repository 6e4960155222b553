import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import to_language

from django_jobs.models import Attempt, JobEvent, JobLog, Queue
from django_jobs.states import JobStatus
from tests.admin.conftest import admin, job_url, url
from tests.factories import JobFactory, WorkerFactory
from tests.locale.catalogs import LANGUAGES, written

__all__ = ["admin"]

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("language", LANGUAGES)]


@pytest.fixture
def pages():
    """Make rows of every kind, and return the addresses of the pages that show them."""
    worker = WorkerFactory(name="web:1", memory=80)
    jobs = [JobFactory(**{status.value: True}) for status in JobStatus if status != JobStatus.WAITING]
    failed = next(job for job in jobs if job.status == JobStatus.FAILED)
    JobFactory(running=True, worker=worker, cancel_requested_at=timezone.now(), cancel_reason="ann")
    JobLog.objects.create(job=failed, message="12 rows")
    JobEvent.objects.create(job=failed, name="half-way", data={"at": 6})
    Attempt.objects.create(
        job=failed, number=1, claim_token=1, outcome="retry", error="Boom", traceback="Boom",
        started_at=timezone.now() - timedelta(seconds=9), ended_at=timezone.now(),
    )  # fmt: skip
    Queue.objects.pause("reports")
    lists = [url(f"{model}_changelist") for model in ("job", "joblog", "jobevent", "attempt", "queue", "worker")]
    overview = reverse("admin:app_list", args=["django_jobs"])
    return [overview, *lists, *map(job_url, jobs), url("worker_change", worker.pk), url("job_again", failed.pk)]


def shown(client, language, address):
    with translation.override(to_language(language)):
        response = client.get(address)
        assert response.status_code == 200
        return html.unescape(response.content.decode())


def test_the_list_of_jobs_names_every_status(admin, language, pages):
    page = shown(admin, language, url("job_changelist"))
    with translation.override(to_language(language)):
        assert all(str(status.label) in page for status in JobStatus)


def test_no_page_shows_a_sentence_in_english(admin, language, pages):
    texts = [message for message in written(language)[1:] if " " in message.text]
    english = [re.split(r"%\(\w+\)[sd]", each.text) for each in texts if each.text not in each.forms]
    parts = {part for split in english for part in split if part.count(" ") > 2}
    for address in pages:
        page = shown(admin, language, address)
        assert not [part for part in parts if part in page], address
