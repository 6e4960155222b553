"""What the page of a job adds to its row: the log, the timeline, masks, and ways to other pages."""

import logging
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from django_jobs.admin import tail
from django_jobs.masking import MASK
from django_jobs.models import Attempt, JobEvent, JobLog, Queue
from django_jobs.texts import plain
from tests.admin.conftest import job_url, logged_in, url
from tests.factories import JobFactory, WorkerFactory
from tests.handling import make_handler

__all__ = ["make_handler"]

pytestmark = pytest.mark.django_db

CODES = "\x1b[31;1mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x07\x9b \u202eturned"


def page_of(client, job, **query):
    return client.get(job_url(job), query)


def lines_of(client, job, **query):
    return [line["message"] for line in page_of(client, job, **query).context["page"].tail.lines]


def test_the_log_is_narrowed_down_by_level_and_word(admin):
    job = JobFactory(running=True)
    for level, message in ((10, "one disk"), (20, "two disks"), (40, "three Disks"), (30, "four")):
        JobLog.objects.create(job=job, level=level, message=message)
    assert lines_of(admin, job, level="INFO") == ["two disks", "three Disks", "four"]
    assert lines_of(admin, job, words="DISK") == ["one disk", "two disks", "three Disks"]
    assert lines_of(admin, job, level="ERROR", words="disk") == ["three Disks"]
    assert lines_of(admin, job, level="odd", words="\x00") == lines_of(admin, job)
    page = page_of(admin, job, level="ERROR", words="none").content.decode()
    assert "None of the latest lines" in page
    assert "level=ERROR&amp;words=none" in page


def test_the_live_parts_keep_to_the_chosen_lines(admin):
    job = JobFactory(running=True)
    JobLog.objects.create(job=job, level=logging.INFO, message="quiet line")
    JobLog.objects.create(job=job, level=logging.ERROR, message="loud line")
    answer = admin.get(url("job_live", job.pk), {"level": "ERROR"})
    assert "loud line" in answer.content.decode()
    assert "quiet line" not in answer.content.decode()
    assert answer["ETag"] != admin.get(url("job_live", job.pk))["ETag"]


def test_only_the_latest_lines_are_looked_at(admin, monkeypatch):
    monkeypatch.setattr(tail, "LOOKED", 5)
    job = JobFactory(running=True)
    JobLog.objects.bulk_create([JobLog(job=job, message=f"line {number}.") for number in range(20)])
    assert lines_of(admin, job, words="line") == [f"line {number}." for number in range(15, 20)]


def test_a_long_log_opens_without_reading_it_whole(admin):
    job = JobFactory(running=True)
    JobLog.objects.bulk_create(
        [JobLog(job=job, message=f"{number} " + "x" * 90_000) for number in range(210)], batch_size=20
    )
    response = page_of(admin, job)
    assert len(response.content) < 1_000_000
    assert all("message" in line["row"].get_deferred_fields() for line in response.context["page"].tail.lines)


def test_the_whole_log_is_a_file(admin):
    job = JobFactory(running=True)
    JobLog.objects.bulk_create(
        [JobLog(job=job, message=f"line {n}", logger="shop", extra={"n": n}) for n in range(3000)]
    )
    JobLog.objects.create(job=job, message=CODES)
    JobLog.objects.create(job=JobFactory(), message="foreign")
    answer = admin.get(url("job_log", job.pk))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 3001
    assert lines[7].endswith(' INFO #1 shop: line 7 {"n": 7}')
    assert lines[-1].endswith(": red link  turned")
    assert answer["Content-Disposition"] == f'attachment; filename="{job.pk}.log"'
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


def test_the_file_is_for_those_who_may_look():
    job = JobFactory()
    assert logged_in().get(url("job_log", job.pk)).status_code == 403


def test_codes_of_terminals_do_nothing():
    assert plain(CODES) == "red link  turned"
    assert plain("tab\tand\nline") == "tab\tand\nline"


def test_nothing_on_the_page_speaks_to_a_terminal(admin):
    job = JobFactory(
        failed=True, error=CODES, progress_message=CODES, kwargs={"a": CODES}, result=CODES, owner=CODES,
        queue_name=CODES, name=CODES, cancel_reason=CODES, cancel_requested_at=timezone.now(),
        worker=WorkerFactory(name=CODES),
    )  # fmt: skip
    JobLog.objects.create(job=job, message=CODES, extra={"a": CODES})
    event = JobEvent.objects.create(job=job, name=CODES, data=CODES)
    attempt = Attempt.objects.create(
        job=job, number=1, claim_token=1, outcome="failed", error=CODES, traceback=CODES, ended_at=timezone.now(),
        worker_name=CODES,
    )  # fmt: skip
    addresses = [job_url(job), url("job_changelist"), url("job_whole", job.pk, "error")]
    addresses += [url("job_again", JobFactory(failed=True, name=CODES).pk)]
    addresses += [url("jobevent_changelist"), url("jobevent_change", event.pk), url("attempt_changelist")]
    addresses += [url("attempt_change", attempt.pk), url("job_history", job.pk)]
    for address in addresses:
        page = admin.get(address).content.decode()
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*page}, address


def test_the_timeline_tells_whence_who_and_when_again(admin):
    parent, worker = JobFactory(completed=True), WorkerFactory(name="web:7")
    now = timezone.now()
    job = JobFactory(
        scheduled=True, parent=parent, owner="shop:1", copy_of=parent, attempts=2, worker=worker,
        run_after=now + timedelta(seconds=60), started_at=now - timedelta(seconds=20.002), claim_token=2,
    )  # fmt: skip
    for number, began, ended in ((1, 50, 40), (2, 20, 0)):
        Attempt.objects.create(
            job=job, number=number, claim_token=number, outcome="retry", error="Boom", worker_name=f"web:{number}",
            started_at=now - timedelta(seconds=began), ended_at=now - timedelta(seconds=ended),
        )  # fmt: skip
    told = [(row.text, row.detail) for row in page_of(admin, job).context["page"].timeline if row.kind != "created"]
    assert told == [
        ("attempt 1 started", "by web:1"),
        ("attempt 1 ended: retry", "Boom · next attempt after 20 s"),
        ("attempt 2 started", "by web:2"),
        ("attempt 2 ended: retry", "Boom · next attempt after 1 min"),
        ("due", ""),
    ]
    created = next(row for row in page_of(admin, job).context["page"].timeline if row.kind == "created")
    assert created.detail == f"by job {parent.pk}, as a copy of {parent.pk}, for shop:1"


def test_the_timeline_names_the_worker_of_a_first_attempt_and_how_long_it_took(admin):
    job = JobFactory(completed=True, worker=WorkerFactory(name="web:7"))
    told = {row.text: row.detail for row in page_of(admin, job).context["page"].timeline}
    assert told["attempt 1 started"] == "by web:7"
    assert told["completed"] == "after 5 s"


def test_an_owner_with_a_page_in_the_admin_is_linked(admin):
    owner = User.objects.get()
    page = page_of(admin, JobFactory(owner=f"auth.user:{owner.pk}")).content.decode()
    assert f"/admin/auth/user/{owner.pk}/change/" in page
    for odd in ("auth.user", "gone.model:1", "just text", "a.b:", "auth.user:a/b", ":"):
        assert page_of(admin, JobFactory(owner=odd)).status_code == 200


def test_a_job_in_a_paused_queue_says_so(admin):
    job = JobFactory(pending=True, queue_name="mail")
    etag = admin.get(url("job_live", job.pk))["ETag"]
    assert "is paused" not in page_of(admin, job).content.decode()
    Queue.objects.pause("mail")
    assert "The queue mail is paused" in page_of(admin, job).content.decode()
    assert admin.get(url("job_live", job.pk))["ETag"] != etag


def test_sensitive_values_are_masked_wherever_the_page_shows_them(admin, make_handler):
    handler = make_handler(lambda token, amount, /: None, sensitive=["token"])
    job = JobFactory(completed=True, name=handler.name, args=["abcdefgh", 7], kwargs={}, result={"used": "abcdefgh!"})
    pages = [job_url(job), url("job_live", job.pk), url("job_again", job.pk), url("job_changelist")]
    pages += [url("job_whole", job.pk, part) for part in ("args", "kwargs", "result")]
    for address in pages:
        assert "abcdefgh" not in admin.get(address).content.decode(), address
    page = page_of(admin, job).content.decode()
    assert MASK in page
    assert f"{MASK}!" in page


@pytest.mark.django_db(transaction=True)
def test_an_asgi_server_sends_the_file_while_it_is_read(admin, async_client):
    job = JobFactory(running=True)
    JobLog.objects.bulk_create([JobLog(job=job, message=f"line {n}") for n in range(2500)])
    async_client.force_login(User.objects.get(username="ann"))

    async def parts():
        answer = await async_client.get(url("job_log", job.pk))
        return [part async for part in answer.streaming_content]

    assert [part.count(b"\n") for part in async_to_sync(parts)()] == [1000, 1000, 500]
