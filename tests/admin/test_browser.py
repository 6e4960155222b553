"""The job page in a real browser, under a content security policy that allows nothing inline."""

import logging

import pytest
from django.contrib.auth.models import User

from django_jobs.models import Job, JobLog
from django_jobs.states import JobStatus
from django_jobs.testing import run_job, run_jobs
from tests.admin.conftest import job_url, url
from tests.factories import JobFactory
from tests.handling import start_worker
from tests.jobs import spin
from tests.waiting import wait_until

__all__ = ["start_worker"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'self'"
PATIENCE = 15_000  # milliseconds: several polls on a busy machine


def under_policy(route):
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})


@pytest.fixture
def site(page, live_server):
    """Log `ann` in, and return a page whose console has to stay free of broken policies."""
    broken = []
    page.on("console", lambda said: broken.append(said.text) if "Security Policy" in said.text else None)
    page.set_default_timeout(PATIENCE)
    page.context.route("**/*", under_policy)
    User.objects.create_superuser("ann", password="secret")
    page.goto(f"{live_server.url}/admin/login/")
    page.fill("#id_username", "ann")
    page.fill("#id_password", "secret")
    page.click("input[type=submit]")
    page.wait_for_url("**/admin/")
    page.site = live_server.url
    yield page
    page.context.unroute_all(behavior="ignoreErrors")  # a poll may be under way
    page.goto("about:blank")
    assert not broken


def open_job(site, job):
    site.goto(site.site + job_url(job))


def change(job, **fields):
    Job.objects.filter(pk=job.pk).update(**fields)


def percent(site):
    return site.locator(".jobs-head progress").get_attribute("value")


def test_progress_and_log_move_while_the_page_is_open(site):
    job = JobFactory(running=True, progress_current=1, progress_total=10, progress_message="row 1")
    open_job(site, job)
    assert percent(site) == "10"
    change(job, progress_current=7, progress_message="row 7")
    JobLog.objects.create(job=job, message="seven done", level=logging.WARNING)
    site.wait_for_selector("text=seven done")
    assert percent(site) == "70"
    assert site.inner_text(".jobs-saying") == "row 7"
    assert site.locator(".jobs-log-warning").count() == 1


def test_the_page_stops_asking_once_a_finished_job_says_nothing_new(site):
    job = JobFactory(running=True)
    open_job(site, job)
    change(job, status=JobStatus.COMPLETED, result={"rows": 12})
    with site.expect_response(lambda answer: "/live/" in answer.url and answer.status == 304):
        site.wait_for_selector(".jobs-head .jobs-mark-completed")
    assert '"rows": 12' in site.inner_text("[data-live=values]")
    assert site.locator("button[value=retry]").is_visible()
    asked = []
    site.on("request", lambda request: asked.append(request.url))
    site.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    site.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert not asked


def test_a_screen_reader_hears_the_status_and_every_ten_percent(site):
    job = JobFactory(running=True, progress_current=1, progress_total=10)
    open_job(site, job)
    assert not site.locator("[aria-live], [role=status]").filter(has=site.locator("[data-elapsed]")).count()
    change(job, progress_current=7)
    site.wait_for_selector("#jobs-said:has-text('running 70 %')", state="attached")


def test_a_running_time_goes_on_by_itself(site):
    open_job(site, JobFactory(running=True))
    shown = site.inner_text("[data-elapsed]")
    site.wait_for_function("shown => document.querySelector('[data-elapsed]').textContent > shown", arg=shown)


def test_what_a_person_opened_stays_open(site):
    from tests.admin.test_page import failed_job

    job = failed_job()
    change(job, status=JobStatus.RUNNING)
    open_job(site, job)
    first = site.locator("details").last
    first.locator("summary").click()
    change(job, error="another error")
    site.wait_for_selector("text=another error")
    assert first.get_attribute("open") is not None


def test_a_job_is_cancelled_after_a_question(site):
    job = JobFactory(running=True)
    open_job(site, job)
    site.once("dialog", lambda dialog: dialog.dismiss())
    site.click("button[value=cancel]")
    job.refresh_from_db()
    assert job.cancel_requested_at is None
    site.once("dialog", lambda dialog: dialog.accept())
    site.click("button[value=cancel]")
    site.wait_for_selector("text=will be stopped by its worker")
    job.refresh_from_db()
    assert job.cancel_reason == "by ann in the admin"
    assert site.locator(".jobs-head .jobs-mark-stopping").is_visible()


def test_a_failed_job_is_retried_from_its_page_and_a_list(site):
    first, second = JobFactory(failed=True), JobFactory(failed=True)
    open_job(site, first)
    site.click("button[value=retry]")
    site.wait_for_selector("text=1 job is pending again.")
    site.goto(site.site + url("job_changelist") + "?status=failed")
    site.check("#action-toggle")
    site.select_option("select[name=action]", "retry")
    site.click("button[name=index]")
    site.wait_for_selector("text=1 job is pending again.")
    second.refresh_from_db()
    assert second.status == JobStatus.PENDING


def test_the_form_goes_when_the_job_starts(site):
    job = JobFactory(pending=True)
    open_job(site, job)
    assert site.locator("input[name=_save]").is_visible()
    change(job, status=JobStatus.RUNNING)
    site.wait_for_selector(".jobs-head .jobs-mark-running")
    assert not site.locator("input[name=_save]").is_visible()
    assert not site.locator("#id_priority").is_visible()


def test_the_page_says_when_it_may_not_follow_any_more(site):
    job = JobFactory(running=True)
    open_job(site, job)
    site.context.clear_cookies()
    site.wait_for_selector("#jobs-stopped", state="visible")


def test_a_log_is_followed_and_narrowed_down_while_the_job_writes(site):
    job = JobFactory(running=True)
    JobLog.objects.bulk_create([JobLog(job=job, message=f"line {number}.", level=10) for number in range(1000)])
    open_job(site, job)
    assert site.locator(".jobs-log-line").count() == 200
    JobLog.objects.create(job=job, message="\x1b[31mdisk full\x1b[0m <b>", level=logging.ERROR)
    site.wait_for_selector("text=disk full <b>")
    site.select_option("select[name=level]", "ERROR")
    site.fill("input[name=words]", "DISK")
    site.click(".jobs-log-tools button")
    site.wait_for_url("**words=DISK*")
    assert site.locator(".jobs-log-line").count() == 1
    JobLog.objects.create(job=job, message="disk still full", level=logging.ERROR)
    JobLog.objects.create(job=job, message="disk is well", level=logging.INFO)
    site.wait_for_selector("text=disk still full")
    assert site.locator(".jobs-log-line").count() == 2
    with site.expect_download() as download:
        site.click(".jobs-log-tools a")
    text = download.value.path().read_text(encoding="utf-8")
    assert len(text.splitlines()) == 1003
    assert "disk full <b>\n" in text


def test_the_log_stands_still_for_who_reads_further_up_or_marks_something(site):
    job = JobFactory(running=True)
    JobLog.objects.bulk_create([JobLog(job=job, message=f"line {number}.", level=20) for number in range(200)])
    open_job(site, job)
    box, button = site.locator(".jobs-log"), site.locator("#jobs-log-new")
    line = site.locator(".jobs-log-line", has_text="line 100.")
    line.evaluate("line => line.scrollIntoView({block: 'center'})")
    line.evaluate("line => getSelection().selectAllChildren(line)")
    place = line.bounding_box()["y"]
    JobLog.objects.bulk_create([JobLog(job=job, message=f"more {number}.", level=20) for number in range(3)])
    site.wait_for_selector("text=New lines: 3")
    assert line.bounding_box()["y"] == place
    assert "line 100." in site.evaluate("String(getSelection())")
    line.evaluate("line => { line.same = true; }")
    button.click()
    site.wait_for_selector("text=more 2.")
    assert not button.is_visible()
    assert box.evaluate("box => box.scrollTop") == 0
    assert line.evaluate("line => line.same")
    assert site.locator(".jobs-log-line").count() == 200
    assert site.locator(".jobs-log-line").last.inner_text().endswith("more 2.")


def test_a_running_job_is_cancelled_and_seen_to_stop(site, start_worker):
    job = spin.enqueue(60)
    start_worker()
    wait_until(lambda: Job.objects.get(pk=job.pk).status == JobStatus.RUNNING)
    open_job(site, job)
    site.once("dialog", lambda dialog: dialog.accept())
    site.click("button[value=cancel]")
    site.wait_for_selector(".jobs-head .jobs-mark-cancelled")
    assert "by ann in the admin" in site.inner_text("[data-live=timeline]")


def test_a_failed_job_runs_again_with_other_arguments(site):
    job = JobFactory(failed=True, name="tests.add", kwargs={"a": 1})
    open_job(site, job)
    site.click("text=Run again as a copy")
    site.fill("textarea[name=kwargs]", '{"a": "one", "c": 2}')
    site.click("text=Enqueue a copy")
    site.wait_for_selector("text=got an unexpected keyword argument")
    assert site.input_value("textarea[name=kwargs]").count('"c": 2') == 1
    site.fill("textarea[name=kwargs]", '{"a": 5, "b": 6}')
    site.click("text=Enqueue a copy")
    site.wait_for_selector("text=This job is a copy")
    twin = run_job(Job.objects.get(copy_of=job))
    assert twin.result == 11
    site.wait_for_selector(".jobs-head .jobs-mark-completed")


def test_a_verb_is_done_to_all_that_match_by_a_job_that_can_be_watched(site, monkeypatch):
    monkeypatch.setattr("django_jobs.admin.steering.AT_ONCE", 50)
    JobFactory.create_batch(60, failed=True, queue_name="held", owner="shop:1")
    kept = JobFactory(failed=True, owner="shop:2", queue_name="held")
    site.goto(site.site + url("job_changelist"))
    site.click(".jobs-tabs >> text=failed")
    site.fill("#searchbar", "owner:shop:1")
    site.press("#searchbar", "Enter")
    site.wait_for_selector("text=60 results")
    site.check("#action-toggle")
    site.click("text=Select all 60 jobs")
    site.select_option("select[name=action]", "cancel")
    site.select_option("select[name=action]", "retry")
    site.click("button[name=index]")
    site.wait_for_selector("text=A job of its own will go through them")
    site.click(".jobs-answers >> text=Retry")
    site.click("text=See how far it is")
    run_jobs("default")
    site.wait_for_selector(".jobs-head .jobs-mark-completed")
    assert Job.objects.pending().count() == 60
    kept.refresh_from_db()
    assert kept.status == JobStatus.FAILED


def test_pages_are_turned_without_counting_them(site):
    jobs = JobFactory.create_batch(120)
    site.goto(site.site + url("job_changelist"))
    site.click("a[rel=next]")
    site.wait_for_url("**before=*")
    site.click("text=oldest »")
    site.wait_for_url("**after=")
    assert str(jobs[0].pk) in site.locator("#result_list tbody tr:last-child th a").get_attribute("href")
    site.click("a[rel=prev]")
    site.click("text=« newest")
    site.wait_for_selector("text=oldest »")
    assert str(jobs[-1].pk) in site.locator("#result_list tbody tr:first-child th a").get_attribute("href")


def test_a_page_that_nobody_looks_at_asks_nothing_and_a_quiet_one_less_often(site):
    site.clock.install(time=0)
    site.clock.pause_at(1)  # from here on time passes only where this test lets it
    open_job(site, JobFactory(running=True))
    site.evaluate(TELL_PAUSES)
    polls = []
    site.on("request", lambda request: polls.append(request) if "/live/" in request.url else None)
    look(site, hidden=True)
    site.clock.run_for(60_000)
    assert not polls
    look(site, hidden=False)
    for number, pause in enumerate((0, 2_600, 3_380)):  # at once, and then after more and more seconds
        wait_for_pause(site, pause)
        if pause:
            site.clock.run_for(pause - 100)
        assert len(polls) == number
        with site.expect_request(lambda request: "/live/" in request.url):
            site.clock.run_for(200)


TELL_PAUSES = """() => {
  const later = window.setTimeout;
  window.pauses = [];
  window.setTimeout = (act, pause) => { window.pauses.push(pause); return later(act, pause); };
}"""


def wait_for_pause(site, pause):
    """Wait until the page has planned to ask again after so many milliseconds."""
    wait_until(lambda: round(site.evaluate("pauses.at(-1)")) == pause)


def look(site, *, hidden):
    site.evaluate(f"Object.defineProperty(document, 'hidden', {{value: {str(hidden).lower()}, configurable: true}})")
    site.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_of_the_page(site, scheme, width):
    job = JobFactory(
        failed=True, name="shop." + "long_name_" * 15, error="x" * 500, owner="o" * 190, kwargs={"text": "y" * 900}
    )
    JobLog.objects.create(job=job, message="z" * 900)
    site.emulate_media(color_scheme=scheme)
    site.set_viewport_size({"width": width, "height": 800})
    for address in (
        job_url(job),
        url("job_changelist"),
        url("job_again", job.pk),
        url("worker_changelist"),
        url("joblog_changelist"),
    ):
        site.goto(site.site + address)
        assert site.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, address
