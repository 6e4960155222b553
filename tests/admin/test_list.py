import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_jobs.admin import listing
from django_jobs.admin.listing import CappedPaginator
from django_jobs.ids import first_uuid7_of
from django_jobs.models import Job
from tests.admin.conftest import job_url, logged_in, url
from tests.factories import JobFactory, WorkerFactory

pytestmark = pytest.mark.django_db


def listed(client, **query):
    """Return the jobs that the list shows for a query."""
    response = client.get(url("job_changelist"), query)
    assert response.status_code == 200, response.headers
    return list(response.context["cl"].result_list)


def test_a_row_tells_name_status_progress_and_owner(admin):
    job = JobFactory(running=True, owner="shop.shop:7", progress_current=1, progress_total=4, progress_message="row 1")
    page = admin.get(url("job_changelist")).content.decode()
    assert job_url(job) in page
    assert "jobs-mark-running" in page
    assert 'max="100" value="25"' in page
    assert "row 1" in page
    assert "shop.shop:7" in page


def test_what_people_wrote_is_escaped(admin):
    evil = "<script>alert(1)</script>"
    JobFactory(failed=True, name=evil, error=evil, owner=evil, queue_name=evil, progress_message=evil)
    assert "<script>alert(1)" not in admin.get(url("job_changelist")).content.decode()


def test_the_list_asks_the_same_few_questions_for_many_rows(admin):
    def count():
        with CaptureQueriesContext(connection) as queries:
            admin.get(url("job_changelist"))
        return len(queries)

    JobFactory(failed=True)
    count()
    few = count()
    for state in ("pending", "running", "scheduled", "completed", "failed", "cancelled"):
        JobFactory.create_batch(3, **{state: True})
    assert count() == few


def test_the_list_leaves_large_values_unread(admin):
    JobFactory(completed=True)
    with CaptureQueriesContext(connection) as queries:
        admin.get(url("job_changelist"))
    listing = [query["sql"] for query in queries if "progress_message" in query["sql"]]
    assert listing
    assert not [sql for sql in listing if "kwargs" in sql]


@pytest.mark.parametrize("state", ["pending", "running", "scheduled", "waiting", "completed", "failed", "cancelled"])
def test_the_status_filter_keeps_one_status(admin, state):
    for each in ("pending", "running", "scheduled", "waiting", "completed", "failed", "cancelled"):
        JobFactory(**{each: True})
    assert [job.status for job in listed(admin, status=state)] == [state]


def test_the_status_filter_knows_the_questions_across_statuses(admin):
    orphan, running, done = JobFactory(orphaned=True), JobFactory(running=True), JobFactory(completed=True)
    assert listed(admin, status="orphaned") == [orphan]
    assert set(listed(admin, status="unfinished")) == {orphan, running}
    assert done in listed(admin, status="no such status")


def test_jobs_are_filtered_by_handler_queue_and_priority(admin):
    job = JobFactory(name="shop.one", queue_name="mail", priority=5)
    JobFactory(name="shop.two", queue_name="default", priority=-5)
    assert listed(admin, handler="shop.one") == [job]
    assert listed(admin, queue="mail") == [job]
    assert listed(admin, urgency="high") == [job]


def test_a_search_finds_an_id_words_and_arguments(admin):
    job = JobFactory(
        name="shop.export", owner="shop.shop:7", failed=True, error="Boom", kwargs={"shop_id": 7, "fmt": "csv"}
    )
    JobFactory(name="shop.other", kwargs={"shop_id": 8})
    for text in (
        str(job.pk),
        "export",
        "shop.shop:7",
        "boom",
        "shop_id=7",
        "fmt=csv shop_id=7",
        'fmt="csv" EXPORT',
        "'boom'",
    ):
        assert listed(admin, q=text) == [job], text
    assert listed(admin, q=str(uuid.uuid4())) == []
    assert listed(admin, q="shop_id=9") == []


@pytest.mark.parametrize("text", ["a=", "=", "a__b=1", "x=]", "100%", "'", '"', "a'b=c", "__class__=1", "é=1", "\\"])
def test_an_odd_search_finds_nothing_and_harms_nothing(admin, text):
    JobFactory()
    assert listed(admin, q=text) == []


def test_dates_drill_down_from_years_to_a_day(admin):
    old, new = (datetime(2025, 3, 9, 12, tzinfo=UTC), datetime(2026, 11, 2, 12, tzinfo=UTC))
    first = JobFactory(completed=True, id=first_uuid7_of(old.timestamp()), created_at=old)
    JobFactory(completed=True, id=first_uuid7_of(new.timestamp()), created_at=new)

    def dates(**query):
        return admin.get(url("job_changelist"), query).context["cl"].dates

    years = dates()
    assert [choice["title"] for choice in years["choices"]] == ["2025", "2026"]
    assert years["choices"][0]["link"] == "?created_at__year=2025"
    months = dates(created_at__year=2025)
    assert months["choices"][0]["title"] == "March 2025"
    days = dates(created_at__year=2025, created_at__month=3)
    assert [choice["title"] for choice in days["choices"]][:2] == ["March 9", "March 10"]
    day = dates(created_at__year=2025, created_at__month=3, created_at__day=9)
    assert day["back"] == {"title": "March 2025", "link": "?created_at__month=3&created_at__year=2025"}
    assert listed(admin, created_at__year=2025, created_at__month=3, created_at__day=9) == [first]


def test_dates_of_an_empty_table_are_not_shown(admin):
    assert admin.get(url("job_changelist")).context["cl"].dates == {"show": False}


def test_dates_of_one_month_begin_with_its_days(admin):
    JobFactory(created_at=timezone.now() - timedelta(minutes=1))
    assert "created_at__day=" in admin.get(url("job_changelist")).content.decode()


def test_a_long_list_is_counted_no_further_than_needed(monkeypatch):
    monkeypatch.setattr(listing, "COUNTED", 3)
    JobFactory.create_batch(5)
    capped = CappedPaginator(Job.objects.order_by("-id"), 2)
    assert str(capped.count) == "3+"
    assert capped.num_pages == 2
    assert str(listing.AtLeast(10_000)) == "10k+"
    assert str(CappedPaginator(Job.objects.failed().order_by("-id"), 2).count) == "0"


def test_who_may_not_see_jobs_sees_none(db):
    assert logged_in().get(url("job_changelist")).status_code == 403


def test_who_may_only_look_is_offered_no_actions(db):
    JobFactory()
    page = logged_in("view_job").get(url("job_changelist"))
    assert page.context["action_form"] is None
    assert "Add job" not in page.content.decode()


def test_a_job_that_knows_no_end_of_its_work_shows_how_much_is_done(admin):
    JobFactory(running=True, progress_current=1200)
    assert '<span class="jobs-count">1200 done</span>' in admin.get(url("job_changelist")).content.decode()


def ask_again(client, view, etag=""):
    """Ask for a list as a page does that follows it."""
    headers = {"X-Requested-With": "XMLHttpRequest", "If-None-Match": etag}
    return client.get(url(view), headers=headers)


@pytest.mark.parametrize("view", ["job_changelist", "worker_changelist", "queue_changelist"])
def test_a_list_that_is_followed_is_sent_again_when_a_row_has_changed(admin, view):
    worker = WorkerFactory()
    job = JobFactory(running=True, worker=worker, queue_name="mail")
    first = ask_again(admin, view)
    assert first.status_code == 200
    assert ask_again(admin, view, first["ETag"]).status_code == 304
    Job.objects.filter(pk=job.pk).update(progress_message="more", name="shop.other", status="completed")
    assert ask_again(admin, view, first["ETag"]).status_code == 200


def test_a_list_that_is_opened_is_never_an_old_one(admin):
    assert "ETag" not in admin.get(url("job_changelist"))


def test_a_qualifier_that_is_none_is_said_to_be_a_word(admin):
    JobFactory(error="KeyError: created:today")
    page = admin.get(url("job_changelist"), {"q": "created:today queue:default"}).content.decode()
    assert "There is no created: to search by" in page
    page = admin.get(url("job_changelist"), {"q": "KeyError: http://shop shop.shop:7 args.of:7 id:7"}).content.decode()
    assert "There is no" not in page


@pytest.mark.parametrize("value", ["[" * 3000, "NaN", '"\\u0000"', '"\\ud800"', "9" * 5000, "1e999"])
def test_no_value_of_an_argument_breaks_the_search(admin, value):
    JobFactory(kwargs={"order": 7})
    assert listed(admin, q=f"order={value}") == []
