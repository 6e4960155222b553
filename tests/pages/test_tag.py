"""`{% job_status job %}`: how a job stands, also without a script."""

import re
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template
from django.utils import translation

from ..factories import JobFactory
from .conftest import state_url


def shown(job, options="", **context):
    return Template("{% load jobs %}{% job_status job " + options + " %}").render(Context({"job": job, **context}))


def part(html, name):
    """Return the attributes and the text of a part, None where it is hidden."""
    attributes, text = re.search(rf'data-part="{name}"(.*?)>(.*?)<', html, re.DOTALL).groups()
    return None if " hidden" in attributes else (attributes, text.strip())


def test_the_element_says_where_to_ask_and_how_often():
    job = JobFactory()
    assert f'<job-status src="{state_url(job)}" status="pending" interval="2">' in shown(job)
    assert 'interval="0.5"' in shown(job, "interval=0.5")


def test_a_running_job_shows_its_progress_and_what_is_left():
    html = shown(JobFactory(running=True, progress_current=1, progress_total=100, progress_message="row 1"))
    assert part(html, "state")[1] == "running"
    assert 'value="1"' in part(html, "bar")[0]
    assert (part(html, "percent")[1], part(html, "message")[1]) == ("1 %", "row 1")
    assert re.fullmatch(r"about \d\Dminutes left", part(html, "left")[1])
    assert "less than a minute left" in shown(JobFactory(running=True, progress_current=9, progress_total=10))


@pytest.mark.parametrize(
    ("state", "value", "is_hidden"),
    [
        ({"pending": True}, "0", False),
        ({"running": True}, None, False),
        ({"completed": True}, "100", False),
        ({"failed": True}, "0", True),
        ({"failed": True, "progress_current": 1, "progress_total": 4}, "25", False),
    ],
)
def test_the_bar_is_as_full_as_is_known(state, value, is_hidden):
    html = shown(JobFactory(**state))
    (bar,) = re.findall(r"<progress[^>]*>", html)
    assert (re.findall(r'value="(\d+)"', bar), " hidden" in bar) == ([value] if value else [], is_hidden)
    assert 'aria-label="progress"' in bar


def test_a_job_that_is_asked_to_stop_says_so():
    job = JobFactory(running=True)
    job.cancel()
    assert part(shown(job), "state")[1] == "stopping"


def test_an_error_and_a_result_are_shown():
    assert part(shown(JobFactory(failed=True)), "error")[1] == "ValueError: broken"
    assert part(shown(JobFactory(completed=True, result={"rows": 3})), "result")[1] == "{\n  &quot;rows&quot;: 3\n}"
    assert part(shown(JobFactory(completed=True, result="Dear Ann")), "result")[1] == "Dear Ann"
    assert part(shown(JobFactory(completed=True, result=None)), "result") is None
    assert part(shown(JobFactory(completed=True, result="x" * 9000)), "result")[1] == "x" * 1999 + "…"


def test_what_a_job_says_is_shown_harmless():
    bad = "<script>alert(1)</script>"
    html = shown(JobFactory(failed=True, error=bad, progress_message=bad, result=bad))
    assert bad not in html
    assert html.count("&lt;script&gt;") == 3


def test_nothing_stands_inline():
    html = shown(JobFactory(failed=True))
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|<style", html)


def test_the_style_sheet_and_the_script_are_brought_once():
    both = Template("{% load jobs %}{% job_status job %}{% job_status job %}").render(Context({"job": JobFactory()}))
    assert (both.count("job-status.css"), both.count("job-status.js"), both.count("<job-status ")) == (1, 1, 2)
    assert "job-status.css" not in shown(JobFactory(), "assets=False")


@pytest.mark.parametrize("context", [{"csp_nonce": "n0"}, {"request": SimpleNamespace(csp_nonce="n0")}])
def test_a_nonce_of_the_page_is_passed_on(context):
    assert shown(JobFactory(), **context).count('nonce="n0"') == 2


def test_the_words_are_translatable():
    with translation.override("de"):
        assert '<p class="job-status-lost" role="status" data-text="' in shown(JobFactory())


def test_without_the_addresses_it_says_what_is_missing(settings):
    settings.ROOT_URLCONF = "tests.contrib.no_urls"
    with pytest.raises(ImproperlyConfigured, match=r'path\("jobs/", include\("django_jobs.pages.urls"\)\)'):
        shown(JobFactory())
