"""What stands above the list of models on the admin's page of this app."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.admin import AdminSite
from django.db import connection
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from django_jobs.access import JobsAccess
from django_jobs.admin import marks, overview
from django_jobs.admin.page import JobPage
from django_jobs.admin.workers import load
from django_jobs.models import Job, Queue, Stat
from tests.admin.conftest import job_url, logged_in, url
from tests.factories import JobFactory, WorkerFactory

pytestmark = pytest.mark.django_db


class OwnAccess(JobsAccess):
    """Staff see their own jobs only."""

    def visible(self, request, jobs):
        return jobs.owned_by(self.user_of(request))


INDEX = reverse("admin:app_list", args=["django_jobs"])
NOON = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


def found(pattern, page):
    match = re.search(pattern, page, re.DOTALL)
    assert match is not None, pattern
    return match


def shown(client):
    return client.get(INDEX).content.decode()


def live(client, **headers):
    return client.get(url("queue_overview"), headers=headers)


def make_stat(ago=timedelta(), **counts):
    minute = (timezone.now() - ago).replace(second=0, microsecond=0)
    Stat.objects.create(minute=minute, worker_id=uuid4(), name="tests.echo", queue_name="default", **counts)


def test_every_status_is_counted_and_leads_to_its_jobs(admin):
    JobFactory.create_batch(2, failed=True)
    page = shown(admin)
    assert re.search(r'\?status=failed"><strong>2</strong> <span>failed', page)
    assert re.search(r'\?status=running"><strong>0</strong>', page)


def test_counting_stops_where_nobody_counts_any_more(admin, monkeypatch):
    monkeypatch.setattr(overview, "COUNT_LIMIT", 2)
    JobFactory.create_batch(3)
    assert "<strong>0k+</strong>" in shown(admin)
    monkeypatch.setattr(overview, "COUNT_LIMIT", 10_001)
    assert overview.capped(10_001) == "10k+"
    assert overview.capped(10_000) == "10000"


def test_the_chart_tells_the_last_hour_by_minute_in_bars_and_in_words(admin):
    make_stat(timedelta(minutes=3), completed=5, failed=1)
    make_stat(timedelta(minutes=3), completed=2, retried=4)
    make_stat(timedelta(minutes=61), completed=1000)
    page = shown(admin)
    assert "7 completed, 4 retried, 1 failed</title>" in page
    assert "at most 12 a minute" in page
    assert len(re.findall(r"<rect .* height=\"[1-9]", page)) == 1
    assert len(re.findall(r"<rect ", page)) == 3
    assert "1000" not in page


def test_parts_of_a_bar_stand_on_each_other():
    minute = NOON.replace(second=0)
    rows = [
        {"minute": minute, "queue_name": "a", "completed": 4, "failed": 2, "retried": 2},
        {"minute": minute, "queue_name": "b", "completed": 2, "failed": 0, "retried": 0},
        {"minute": minute - timedelta(minutes=59), "queue_name": "a", "completed": 20, "failed": 0, "retried": 0},
        {"minute": minute - timedelta(minutes=60), "queue_name": "a", "completed": 99, "failed": 0, "retried": 0},
    ]
    drawn = overview.chart(rows, NOON)
    first, last = drawn["bars"]
    assert (first["x"], last["x"], drawn["top"]) == (0, 59, 20)
    assert list(last["parts"]) == [("completed", 14, 6), ("retried", 12, 2), ("failed", 10, 2)]
    assert [number for _kind, _label, number in drawn["sums"]] == [26, 2, 2]


def test_numbers_of_the_drawing_do_not_depend_on_the_language(admin, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    make_stat(completed=3000)
    make_stat(timedelta(minutes=1), completed=1000)
    with translation.override("de"):
        drawn = render_to_string("admin/django_jobs/queue/overview.html", {"overview": overview.look("admin")})
    assert 'viewBox="0 0 60 3000"' in drawn
    assert 'x="58.1" y="2000" width="0.8" height="1000"' in drawn


def test_without_statistics_the_chart_says_so(admin, settings):
    settings.JOBS = {**settings.JOBS, "STATS": False}
    page = shown(admin)
    assert "jobs-chart" not in page
    assert "Statistics are switched off" in page


def test_queues_are_listed_and_a_paused_one_is_marked(admin):
    JobFactory(queue_name="mail & more", run_after=timezone.now() - timedelta(minutes=7))
    Queue.objects.pause("mail & more")
    Queue.objects.update(paused_at=timezone.now() - timedelta(hours=3))
    page = shown(admin)
    row = found(r'<a href="[^"]*\?queue=mail%20%26%20more">mail &amp; more</a>(.*?)</tr>', page)
    assert re.search(r"paused</span> for 3\s*h", row[1])
    assert "7 min" in row[1]


def test_living_workers_tell_what_they_run(admin):
    job = JobFactory(running=True, worker=WorkerFactory(name="web1:7", busy=3, concurrency=8, memory=123))
    WorkerFactory(name="gone:1", lapsed=True)
    page = shown(admin)
    assert "web1:7" in page
    assert "3 of 8" in page
    assert "123 MB" in page
    assert job_url(job) in page
    assert "gone:1" not in page


def test_failures_are_put_together_by_handler_and_error(admin):
    for number in range(3):
        JobFactory(failed=True, error=f"ValueError: order {number} is broken\nmore", name="shop.ship")
    JobFactory(failed=True, error="KeyError: 'price'", name="shop.ship")
    page = shown(admin)
    assert "ValueError: order … is broken" in page
    link = found(r'href="([^"]*status=failed&amp;handler=shop.ship&amp;q=%22ValueError[^"]*)"', page)
    assert len(admin.get(link[1].replace("&amp;", "&")).context["cl"].result_list) == 3


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("KeyError: 'price'", "KeyError: 'price'"),
        ("Timeout after 12.5 s", "Timeout after … s"),
        ("no answer from 10.0.0.7:8080", "no answer from …"),
        ("no job 01a20248-ba6c-799f-9cdf-cd9ef79ba994", "no job …"),
        ("at 0x7f3a digest deadbeefdeadbeefdeadbeef", "at … digest …"),
        ("first line\nsecond line 5", "first line"),
        ("", ""),
    ],
)
def test_what_differs_from_job_to_job_is_left_out_of_an_error(error, kind):
    (failure,) = overview.grouped([("shop.ship", error, NOON)])
    assert failure.error == kind


def test_the_most_frequent_failure_stands_first_with_its_first_and_last_moment():
    hour = timedelta(hours=1)
    rows = [("a", "rare", NOON), ("a", "often 1", NOON), ("a", "often 2", NOON - hour), ("b", "often 1", NOON)]
    first, *others = overview.grouped(rows)
    assert first == ("a", "often …", [NOON, NOON - hour])
    assert len(others) == 2


def test_the_search_for_a_failure_is_a_quoted_text():
    (failure,) = overview.grouped([("a", 'said "no" \\ twice', NOON)])
    assert "%22said+%5C%22no%5C%22+%5C%5C+twice%22" in failure.search
    (failure,) = overview.grouped([("a", "17", NOON)])
    assert failure.search == "status=failed&handler=a"


def test_the_next_scheduled_jobs_are_named_in_their_order(admin):
    later = JobFactory(scheduled=True, name="shop.later", run_after=timezone.now() + timedelta(hours=5))
    sooner = JobFactory(scheduled=True, name="shop.sooner", run_after=timezone.now() + timedelta(hours=2))
    page = shown(admin)
    assert page.index(job_url(sooner)) < page.index(job_url(later))
    assert "in 4 h" in page


def test_html_in_names_and_errors_is_shown_harmless(admin):
    evil = "<script>alert(1)</script>"
    JobFactory(failed=True, name=evil, error=evil)
    JobFactory(pending=True, queue_name=evil)
    JobFactory(scheduled=True, name=evil, queue_name=evil)
    JobFactory(running=True, name=evil, worker=WorkerFactory(name=evil))
    page = shown(admin)
    assert "&lt;script&gt;" in page
    assert evil not in page


def test_it_has_no_script_and_no_style_of_its_own(admin):
    make_stat(completed=1)
    JobFactory(failed=True)
    page = live(admin).content.decode()
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)


def test_the_same_questions_are_asked_of_few_jobs_and_of_many(admin):
    def questions():
        with CaptureQueriesContext(connection) as queries:
            live(admin)
        # MariaDB takes the steps along the queues one by one
        return [query["sql"] for query in queries if "AND queue_name >" not in query["sql"]]

    JobFactory(running=True)
    JobFactory(pending=True)
    live(admin)
    few = questions()
    for number in range(10):
        JobFactory(running=True, queue_name=f"queue{number}")
        JobFactory(failed=True, name=f"shop.handler{number}")
        JobFactory(scheduled=True)
        JobFactory(pending=True, queue_name=f"lane{number}", priority=number)
    many = questions()
    assert len(few) == len(many) <= 22
    table = Job._meta.db_table
    for sql in many:
        assert "DISTINCT" not in sql
        assert "OFFSET" not in sql
        assert "COUNT(" not in sql or table not in sql or "LIMIT" in sql


def test_nothing_is_sent_again_while_nothing_changes(admin):
    first = live(admin)
    assert first.status_code == 200
    assert live(admin, if_none_match=first["ETag"]).status_code == 304
    JobFactory()
    again = live(admin, if_none_match=first["ETag"])
    assert again.status_code == 200
    assert again["ETag"] != first["ETag"]
    assert "private" in again["Cache-Control"]


def test_a_page_looks_the_less_often_the_longer_a_look_takes(admin):
    assert [overview.interval(seconds) for seconds in (0.001, 0.04, 5)] == [2, 4, 500]
    assert re.search(r'<div id="jobs-live" data-url="[^"]+" data-etag="" data-interval="\d+">', shown(admin))


def test_only_who_may_see_jobs_sees_it(client):
    page = logged_in("view_worker").get(INDEX)
    assert page.status_code == 200
    assert "jobs-live" not in page.content.decode()
    assert client.get(url("queue_overview")).status_code == 302


def test_the_numbers_are_not_for_who_may_see_only_some_jobs(settings):
    settings.JOBS = {**settings.JOBS, "ACCESS": "tests.admin.test_overview.OwnAccess"}
    JobFactory(failed=True, name="shop.secret")
    staff = logged_in("view_job", "view_queue")
    assert "jobs-live" not in shown(staff)
    assert live(staff).status_code == 403
    queues = staff.get(url("queue_changelist")).content.decode()
    assert "latency" not in queues


def test_an_admin_site_without_queues_shows_its_list_only(admin, rf, admin_user):
    request = rf.get("/")
    request.user = admin_user
    site = AdminSite(name="other")
    site.register(Job)
    response = site.app_index(request, "django_jobs")
    request.current_app = "nowhere"
    assert "jobs-live" not in response.render().content.decode()


def test_due_jobs_that_nobody_runs_are_a_warning(admin):
    assert "No worker is running, and jobs are due." not in admin.get(INDEX).content.decode()
    JobFactory(pending=True)
    assert "No worker is running, and jobs are due." in admin.get(INDEX).content.decode()


def test_what_comes_is_told_to_the_minute():
    now = timezone.now()
    assert "in 1 h 10 min" in marks.age(now + timedelta(hours=1, minutes=10, seconds=1), now)
    assert "1 h ago" in marks.age(now - timedelta(hours=1, minutes=10), now)


def test_a_stopped_worker_is_not_busy_and_a_completed_job_has_no_rest():
    stopped = WorkerFactory(busy=1, concurrency=4, stopped_at=timezone.now())
    assert "of" not in load(stopped)
    job = JobFactory(completed=True, progress_current=1, progress_total=3)
    assert JobPage(job, {}, QueryDict()).counts == ""
