"""What a page that follows a job is told, and who is told nothing."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from django_jobs.models import Job

from ..factories import JobFactory
from ..handling import make_handler
from .conftest import Follower, fragment_url, state_url

__all__ = ["make_handler"]


def test_the_facts_are_json(owner):
    job = owner.job(running=True, progress_current=1, progress_total=4, progress_message="row 1")
    told = owner.state(job)
    assert (told["id"], told["status"], told["is_finished"]) == (str(job.pk), "running", False)
    assert (told["progress_percent"], told["progress_message"]) == (25, "row 1")
    assert told["remaining"] == pytest.approx(15, abs=5)
    assert "running" in told["html"]
    assert "kwargs" not in told


def test_the_fragment_of_the_facts_is_the_one_that_has_an_address_of_its_own(owner):
    job = owner.job(failed=True)
    assert owner.get(fragment_url(job)).content.decode() == owner.state(job)["html"]


@pytest.mark.parametrize("url", [state_url, fragment_url])
def test_nothing_is_sent_again_before_something_changes(owner, url):
    job = owner.job(running=True, progress_current=1, progress_total=4)
    first = owner.get(url(job))
    known = {"If-None-Match": first["ETag"]}
    assert owner.get(url(job), headers=known).status_code == 304
    Job.objects.filter(pk=job.pk).update(progress_message="row 2")
    assert owner.get(url(job), headers=known).status_code == 200


def test_what_is_sensitive_is_masked(owner, make_handler):
    handler = make_handler(lambda token: None, sensitive=["token"])
    said = {"result": {"used": ["abcd-efgh"]}, "error": "no abcd-efgh", "progress_message": "abcd-efgh?"}
    job = owner.job(failed=True, name=handler.name, kwargs={"token": "abcd-efgh"}, **said)
    told = owner.state(job)
    assert (told["result"], told["error"], told["progress_message"]) == ({"used": ["••••"]}, "no ••••", "••••?")
    assert "abcd-efgh" not in told["html"]


def test_codes_of_terminals_do_nothing(owner):
    codes = "\x1b[31mred\x1b[0m\u202e"
    job = owner.job(failed=True, error=codes, progress_message=codes, result=codes)
    told = owner.state(job)
    assert not {"\x1b", "\u202e"} & {*told["html"]}
    listed = owner.state(owner.job(completed=True, result=[codes]))
    assert not {"\x1b", "\u202e"} & {*listed["html"]}


def test_another_language_is_another_answer(owner):
    job = owner.job()
    etag = owner.get(state_url(job))["ETag"]
    with translation.override("de"):
        assert owner.get(state_url(job), headers={"If-None-Match": etag}).status_code == 200


def test_no_shared_cache_keeps_an_answer(owner):
    response = owner.get(state_url(owner.job()))
    assert response["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response["Vary"]


def test_asking_costs_one_query_beside_those_of_the_session(owner):
    job = owner.job(completed=True, result={"rows": 1})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        owner.get(state_url(job))
    ours = [query["sql"] for query in queries if "django_jobs_job" in query["sql"]]
    assert len(ours) == 1
    assert "kwargs" not in ours[0]
    assert len(queries) == 3


@pytest.mark.parametrize("url", [state_url, fragment_url])
def test_to_a_stranger_a_job_does_not_exist(owner, url):
    job = JobFactory(owner="auth.user:0")
    assert owner.get(url(job)).status_code == 404
    assert Client().get(url(owner.job())).status_code == 404
    assert Follower(User.objects.create_user("bob")).get(url(owner.job())).status_code == 404


def test_a_bad_id_is_answered_404(owner):
    for text in ("7", "x", "00000000-0000-7000-8000-000000000000"):
        assert owner.get(f"/jobs/{text}.json").status_code == 404


def test_a_site_that_asks_for_login_everywhere_leaves_it_to_the_rules(owner, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert Client().get(state_url(owner.job())).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_for_reading_only(owner, method):
    assert getattr(owner, method)(state_url(owner.job())).status_code == 405
