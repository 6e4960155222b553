"""The list over very many jobs: tabs, pages by key, facets, and a window where no index helps."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_jobs.access import JobsAccess
from django_jobs.admin import filters, listing
from django_jobs.ids import uuid7
from django_jobs.models import Job, JobLog
from django_jobs.querysets import horizon
from tests.admin.conftest import url
from tests.admin.test_list import listed
from tests.factories import JobFactory
from tests.handling import make_handler

__all__ = ["make_handler"]

pytestmark = pytest.mark.django_db


class OnlyMail(JobsAccess):
    """A site whose people see one queue."""

    def visible(self, request, jobs):
        return jobs.in_queues(["mail"])


def changelist(client, model="job", **query):
    response = client.get(url(f"{model}_changelist"), query)
    assert response.status_code == 200, response.headers
    return response.context["cl"]


def walk(client, start, step):
    """Return the rows of all pages, one step after the other."""
    pages, address = [], start
    while address is not None:
        cl = client.get(url("job_changelist") + address).context["cl"]
        pages.append(list(cl.result_list))
        address = cl.pager.get(step)
    return pages


def test_pages_follow_each_other_by_id_in_both_directions(admin):
    jobs = [*reversed(JobFactory.create_batch(120))]
    forth = walk(admin, "", "older")
    assert [len(page) for page in forth] == [50, 50, 20]
    assert [job for page in forth for job in page] == jobs
    back = walk(admin, "?after=", "newer")
    assert [job for page in reversed(back) for job in page] == jobs
    assert changelist(admin).pager.keys() == {"older", "oldest"}
    assert changelist(admin, after="").pager.keys() == {"newest", "newer"}
    assert changelist(admin, before=jobs[60].pk).pager.keys() == {"newest", "newer", "older", "oldest"}
    assert changelist(admin, before=uuid.UUID(int=0)).pager.keys() == {"newest", "newer"}


def test_a_page_keeps_the_filters_and_filters_begin_at_the_newest(admin):
    JobFactory.create_batch(60, failed=True)
    cl = changelist(admin, status="failed", q="name:tests.echo")
    assert {"status=failed", "q=name%3Atests.echo"} <= {*cl.pager["older"][1:].split("&")}
    second = admin.get(url("job_changelist") + cl.pager["older"]).context["cl"]
    assert not any("before" in tab["query_string"] for tab in second.tabs)


@pytest.mark.parametrize("query", [{"before": "x"}, {"after": "1"}, {"since": "zz"}, {"created_at__year": "x"}])
def test_an_odd_address_shows_the_list_from_its_beginning(admin, query):
    JobFactory()
    assert len(admin.get(url("job_changelist"), query, follow=True).context["cl"].result_list) == 1


def test_tabs_count_each_status_and_stop_counting(admin, monkeypatch):
    monkeypatch.setattr(listing, "COUNTED", 2)
    JobFactory.create_batch(3, failed=True)
    JobFactory(running=True)
    tabs = {str(tab["display"]): tab for tab in changelist(admin, status="failed").tabs}
    assert [str(tabs[label]["count"]) for label in ("failed", "running", "pending", "All")] == ["2+", "1", "0", "2+"]
    assert [label for label, tab in tabs.items() if tab["selected"]] == ["failed"]
    assert tabs["running"]["query_string"] == "?status=running"
    assert {tab["count"] for tab in changelist(admin, q="word").tabs} == {None}


def test_facets_name_the_commonest_values_of_the_newest_jobs(admin, monkeypatch):
    monkeypatch.setattr(filters, "SHOWN", 1)
    JobFactory.create_batch(2, failed=True, name="shop.a", owner="o:1", error="Boom 1\nmore")
    JobFactory(completed=True, name="shop.b", owner="o:2")
    specs = {spec.parameter_name: spec for spec in changelist(admin, handler="shop.b").filter_specs}
    assert specs["handler"].lookup_choices == [("shop.b", "shop.b"), ("shop.a", "shop.a (2)")]
    assert specs["owner"].lookup_choices == [("o:1", "o:1 (2)")]
    assert specs["error"].lookup_choices == [("Boom 1", "Boom 1 (2)")]
    assert len(listed(admin, error="Boom 1")) == len(listed(admin, owner="o:1")) == 2
    assert listed(admin, handler="\x00") != []
    specs = {spec.parameter_name: spec for spec in changelist(admin, status="completed").filter_specs}
    assert "error" not in specs


def test_a_qualified_search_asks_for_one_thing(admin):
    job = JobFactory(
        failed=True, name="shop.export", owner="shop.shop:7", queue_name="mail", error="No such file",
        kwargs={"order_id": 42, "fmt": "csv"},
    )  # fmt: skip
    JobFactory(failed=True, name="shop.mail", owner="shop.shop:70", error="export", kwargs={"order_id": 43})
    JobFactory(completed=True)
    for text in (
        "name:export", "queue:mail", "owner:shop.shop:7", 'error:"such file"', f"id:{job.pk}", "args.order_id:42",
        "status:failed args.fmt:csv", "STATUS:x status:failed name:EXPORT"[9:], 'args.fmt:"csv" owner:"shop.shop:7"',
    ):  # fmt: skip
        assert listed(admin, q=text) == [job], text
    for text in ("id:x", "parent:1", "copy:", "status:odd", "name:nothing", "args.x:1", "owner:shop.shop"):
        assert listed(admin, q=text) == [], text


def test_a_priority_is_searched_for_as_a_number(admin):
    urgent, _other = JobFactory(priority=-5), JobFactory(priority=5)
    assert listed(admin, q="priority:-5") == [urgent]
    assert listed(admin, q="priority:high") == []
    page = admin.get(url("job_changelist")).content.decode()
    assert "<code>priority:</code>" in page
    assert "<code>id:</code>" in page


def test_children_and_copies_of_a_job_are_found_from_its_page(admin):
    parent = JobFactory(completed=True)
    child, copy = JobFactory(parent=parent), JobFactory(copy_of=parent)
    page = admin.get(url("job_change", parent.pk)).content.decode()
    assert f"?q=parent%3A{parent.pk}" in page
    assert f"?q=copy%3A{parent.pk}" in page
    assert listed(admin, q=f"parent:{parent.pk}") == [child]
    assert listed(admin, q=f"copy:{parent.pk}") == [copy]
    Job.objects.filter(pk=parent.pk).update(finished_at=None)
    assert listed(admin, q=f"parent:{parent.pk}") == [child]


def test_what_no_index_finds_is_looked_for_among_the_newest_and_the_page_says_so(admin, monkeypatch):
    monkeypatch.setattr(listing, "WINDOW", 3)
    old = JobFactory(failed=True, owner="o:1")
    JobFactory.create_batch(2, failed=True, owner="o:1")
    JobFactory.create_batch(2, completed=True, owner="o:1")
    assert len(listed(admin, owner="o:1")) == 3
    assert "No index leads" in admin.get(url("job_changelist"), {"owner": "o:1"}).content.decode()
    assert old in listed(admin, owner="o:1", status="failed")
    assert old in listed(admin, q="owner:o:1 status:failed")
    assert old not in listed(admin, status="unfinished", q="x")
    for query in ({}, {"status": "failed"}, {"q": f"id:{old.pk}"}, {"created_at__year": old.created_at.year}):
        assert old in listed(admin, **query)
        assert "No index leads" not in admin.get(url("job_changelist"), query).content.decode()


def test_rules_of_who_sees_what_are_looked_for_among_the_newest_too(admin, settings, monkeypatch):
    monkeypatch.setattr(listing, "WINDOW", 2)
    settings.JOBS = {**settings.JOBS, "ACCESS": "tests.admin.test_window.OnlyMail"}
    JobFactory(queue_name="mail")
    seen = JobFactory(queue_name="mail")
    JobFactory(queue_name="default", owner="secret")
    cl = changelist(admin)
    assert list(cl.result_list) == [seen]
    assert {tab["count"] for tab in cl.tabs} == {None}
    assert cl.dates == {"show": False}
    assert "secret" not in admin.get(url("job_changelist")).content.decode()


def test_a_sensitive_argument_finds_nothing(admin, make_handler):
    handler = make_handler(lambda token, shop: None, sensitive=["token"])
    job = JobFactory(name=handler.name, kwargs={"token": "abcd", "shop": 1})
    assert listed(admin, q="shop=1") == [job]
    assert listed(admin, q="token=abcd") == listed(admin, q="args.token:abcd") == []
    for lookup in ("kwargs__token__startswith", "kwargs__icontains", "args__0", "result"):
        assert admin.get(url("job_changelist"), {lookup: "a"}).status_code == 400
    assert admin.get(url("joblog_changelist"), {"job__kwargs__token": "abcd"}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [{}, {"status": "failed"}, {"q": "word"}, {"q": "a=1"}, {"owner": "o"}, {"before": uuid7()}, {"after": ""},
     {"created_at__year": 2026, "created_at__month": 11}],
)  # fmt: skip
def test_no_question_of_the_list_grows_with_the_table(admin, query):
    JobFactory.create_batch(60, failed=True, owner="o", error="word")
    with CaptureQueriesContext(connection) as queries:
        admin.get(url("job_changelist"), query)
    asked = [
        sql for sql in (query["sql"] for query in queries) if '"django_jobs_job"' in sql or "`django_jobs_job`" in sql
    ]
    assert len(asked) <= 14
    for sql in asked:
        assert "OFFSET" not in sql
        assert "DISTINCT" not in sql
        assert re.search(r"LIMIT \d+", sql), sql


def test_lists_of_log_lines_have_pages_by_id_and_a_window_too(admin, monkeypatch):
    monkeypatch.setattr(listing, "WINDOW", 3)
    job = JobFactory()
    JobLog.objects.bulk_create([JobLog(job=job, message="old" if number < 2 else "new") for number in range(60)])
    cl = changelist(admin, "joblog", job__id__exact=job.pk)
    assert (len(cl.result_list), str(cl.result_count), cl.horizon) == (50, "60", None)
    assert changelist(admin, "joblog", before=cl.result_list[-1].pk).result_count == 60
    assert len(changelist(admin, "joblog", q="old").result_list) == 0
    assert len(changelist(admin, "joblog", level="INFO").result_list) == 3
    assert "only the newest" in admin.get(url("joblog_changelist"), {"q": "old"}).content.decode()


def test_the_horizon_is_the_oldest_of_the_newest():
    jobs = JobFactory.create_batch(4)
    assert horizon(Job.objects.all(), 3) == jobs[1].pk
    assert horizon(Job.objects.all(), 4) == jobs[0].pk
    assert horizon(Job.objects.all(), 5) is None
    assert horizon(Job.objects.none(), 5) is None
