"""`<job-status>` and `jobs.js` in a real browser, under a policy that allows nothing inline."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_jobs.models import Job
from django_jobs.querysets import owner_key
from django_jobs.states import JobStatus
from django_jobs.testing import run_jobs

from ..axe import complaints
from ..factories import JobFactory
from ..handling import make_handler
from .conftest import state_url

__all__ = ["make_handler"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'self'"
EVENTS = """() => {
  window.heard = [];
  for (const name of ["progress", "complete", "error", "lost"]) {
    document.querySelector("job-status").addEventListener(name, (event) => {
      window.heard.push([name, event.detail && event.detail.status]);
    });
  }
}"""


@pytest.fixture
def ann(transactional_db):
    return User.objects.create_user("ann")


@pytest.fixture
def site(page, live_server, ann):
    """Log `ann` in, and return a page on which no policy may be broken."""
    broken = []
    page.on("console", lambda said: broken.append(said.text) if "Security Policy" in said.text else None)
    page.set_default_timeout(15_000)
    page.clock.install()
    page.context.route("**/*", under_policy)
    client = Client()
    client.force_login(ann)
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.site = live_server.url
    yield page
    page.context.unroute_all(behavior="ignoreErrors")  # a poll may be under way
    page.goto("about:blank")
    assert not broken


def under_policy(route):
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})


def open_job(site, job):
    site.goto(f"{site.site}/page/{job.pk}/")
    site.wait_for_selector("job-status:defined")
    site.evaluate(EVENTS)


def job_of(user, **fields):
    return JobFactory(owner=owner_key(user), **fields)


def change(job, **fields):
    Job.objects.filter(pk=job.pk).update(**fields)


def heard(site):
    return [tuple(each) for each in site.evaluate("window.heard")]


def wait_for_event(site, name):
    site.wait_for_function("name => window.heard.some(([each]) => each === name)", arg=name)


def wait_for_job(site):
    site.wait_for_function("() => document.querySelector('job-status').job")


def asked(site):
    """Return a list that grows with each question about a job from now on."""
    questions = []
    site.on("request", lambda request: questions.append(request.url) if request.url.endswith(".json") else None)
    return questions


def silent(site, milliseconds=60_000):
    """Tell whether no question comes within a time that the page's clock lets pass at once."""
    questions = asked(site)
    site.clock.fast_forward(milliseconds)
    settle(site)
    return questions == []


def settle(site):
    """Wait until what is under way has arrived."""
    site.evaluate("fetch('/bare/')")


def test_the_bar_moves_and_the_element_stops_by_itself(site, ann):
    job = job_of(ann, running=True, progress_current=1, progress_total=10)
    open_job(site, job)
    bar = site.evaluate_handle("document.querySelector('job-status progress')")
    change(job, progress_current=7, progress_message="row 7")
    site.wait_for_selector("job-status progress[value='70']")
    assert site.inner_text("[data-part=message]") == "row 7"
    assert bar.evaluate("bar => bar.isConnected"), "the bar was replaced, and cannot glide"
    change(job, status=JobStatus.COMPLETED, result={"rows": 10})
    wait_for_event(site, "complete")
    assert site.locator("job-status[status=completed] [data-part=state]").inner_text() == "completed"
    assert '"rows": 10' in site.inner_text("[data-part=result]")
    assert heard(site)[-2:] == [("progress", "completed"), ("complete", "completed")]
    assert silent(site)


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED])
def test_what_did_not_complete_is_an_error_event(site, ann, status):
    job = job_of(ann, running=True)
    open_job(site, job)
    change(job, status=status, error="no more paper")
    wait_for_event(site, "error")
    assert site.inner_text("[data-part=error]") == "no more paper"
    assert heard(site)[-1] == ("error", status.value)
    assert site.evaluate("document.querySelector('job-status').job.error") == "no more paper"


def test_a_job_that_had_finished_is_not_asked_for_and_tells_nothing(site, ann):
    questions = asked(site)
    open_job(site, job_of(ann, completed=True))
    assert silent(site)
    assert questions == []
    assert heard(site) == []


def test_nothing_is_asked_while_the_page_is_hidden(site, ann):
    job = job_of(ann, running=True)
    open_job(site, job)
    wait_for_job(site)
    site.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    site.clock.fast_forward(1000)
    settle(site)  # a question may be under way
    assert silent(site)
    change(job, status=JobStatus.COMPLETED)
    site.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    wait_for_event(site, "complete")


def test_an_element_that_is_taken_away_asks_no_more(site, ann):
    open_job(site, job_of(ann, running=True))
    site.evaluate("document.querySelector('job-status').remove()")
    assert silent(site)


def test_faults_of_the_server_are_waited_out(site, ann):
    job = job_of(ann, running=True)
    open_job(site, job)
    wait_for_job(site)
    site.route("**/*.json", lambda route: route.fulfill(status=503, body="busy"))
    for _ in range(6):
        with site.expect_response("**/*.json"):
            site.clock.fast_forward(60_000)
    settle(site)
    assert silent(site, 5_000), "0.25 s, then twice as long each time"
    change(job, status=JobStatus.COMPLETED)
    site.unroute("**/*.json")
    site.clock.fast_forward(60_000)
    wait_for_event(site, "complete")


def test_a_job_that_may_not_be_seen_any_more_is_lost(site, ann):
    job = job_of(ann, running=True)
    open_job(site, job)
    wait_for_job(site)
    change(job, owner="")
    wait_for_event(site, "lost")
    assert site.is_visible("text=This page follows the job no more.")
    assert silent(site)


def test_an_element_made_by_a_script_shows_its_job(site, ann):
    open_job(site, job_of(ann, completed=True))
    other = job_of(ann, failed=True, error="no more ink")
    site.evaluate(
        """src => {
          const element = document.createElement("job-status");
          element.setAttribute("src", src);
          document.querySelector("main").replaceChildren(element);
        }""",
        state_url(other),
    )
    site.wait_for_selector("job-status[status=failed] >> text=no more ink")
    third = job_of(ann, completed=True, result="a letter")
    site.evaluate("src => document.querySelector('job-status').setAttribute('src', src)", state_url(third))
    site.wait_for_selector("job-status[status=completed] >> text=a letter")


def test_a_screen_reader_is_told(site, ann):
    open_job(site, job_of(ann, running=True, progress_current=1, progress_total=4))
    bar = site.get_by_role("progressbar", name="progress")
    assert bar.get_attribute("value") == "25"
    assert site.get_by_role("status").first.inner_text() == "running"


def test_without_a_script_the_state_is_there(browser, live_server, ann):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/page/{job_of(ann, running=True, progress_current=1, progress_total=4).pk}/")
    assert page.inner_text("job-status .job-status-percent") == "25 %"
    context.close()


def test_a_script_starts_a_job_and_follows_it(site):
    site.goto(f"{site.site}/bare/")
    site.evaluate(
        """async () => {
          const { start, follow } = await import("/static/django_jobs/jobs.js");
          const output = document.querySelector("output");
          window.heard = [];
          document.querySelector("button").addEventListener("click", async () => {
            const job = await start("/start/");
            const ended = await follow(job, {
              interval: 0.25,
              onProgress: (state) => window.heard.push(["progress", state.status]),
              onComplete: (state) => window.heard.push(["complete", state.result]),
            });
            output.textContent = `ended: ${ended.status}`;
          });
        }"""
    )
    site.click("button")
    wait_for_event(site, "progress")
    run_jobs()
    site.wait_for_selector("text=ended: completed")
    assert heard(site)[0] == ("progress", "pending")
    assert heard(site)[-2:] == [("progress", "completed"), ("complete", 7)]


def test_a_script_starts_a_job_over_the_api_and_follows_it_there(site, ann, make_handler):
    pytest.importorskip("ninja", reason="django-ninja is not installed")
    User.objects.filter(pk=ann.pk).update(is_staff=True, is_superuser=True)
    make_handler(lambda value: value, name="tests.open", allow_api=True)
    site.goto(f"{site.site}/bare/")
    site.evaluate(
        """async () => {
          const { start, states } = await import("/static/django_jobs/jobs.js");
          const output = document.querySelector("output");
          const wrong = await start("/api/jobs", { name: "tests.open" }).catch((error) => error);
          const job = await start("/api/jobs", { name: "tests.open", arguments: { value: 3 } });
          output.textContent = `${wrong.status}: ${wrong.message}`;
          (async () => {
            for await (const state of states(job, { interval: 0.25 })) output.textContent += ` ${state.status}`;
          })();
        }"""
    )
    site.wait_for_selector("text=422: tests.open(): missing a required argument: 'value'")
    site.wait_for_selector("text=/pending/")
    run_jobs()
    site.wait_for_selector("text=/pending.* completed/")


def test_states_are_an_iterator_that_a_signal_ends(site, ann):
    job = job_of(ann, running=True)
    site.goto(f"{site.site}/bare/")
    told = site.evaluate(
        """async (url) => {
          const { states } = await import("/static/django_jobs/jobs.js");
          const stop = new AbortController();
          const seen = [];
          try {
            for await (const state of states(url, { interval: 0.25, signal: stop.signal })) {
              seen.push(state.status);
              setTimeout(() => stop.abort(), 600);
            }
          } catch (error) {
            seen.push(error.name);
          }
          return seen;
        }""",
        state_url(job),
    )
    assert told == ["running", "AbortError"]
    assert silent(site)


def test_a_refusal_says_why(site):
    site.goto(f"{site.site}/bare/")
    told = site.evaluate(
        """async () => {
          const { Refused, start, states } = await import("/static/django_jobs/jobs.js");
          const seen = [];
          for (const attempt of [() => start("/nowhere/"), () => states("/jobs/0.json").next()]) {
            await attempt().catch((error) => seen.push([error instanceof Refused, error.status]));
          }
          document.cookie = "csrftoken=; max-age=0; path=/";
          await start("/start/").catch((error) => seen.push([error instanceof Refused, error.status]));
          return seen;
        }"""
    )
    assert told == [[True, 404], [True, 404], [True, 403]]
    assert not Job.objects.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_of_the_page(site, ann, scheme, width):
    job = job_of(ann, failed=True, progress_current=3, progress_total=4, progress_message="m" * 250, error="x" * 900)
    site.emulate_media(color_scheme=scheme)
    site.set_viewport_size({"width": width, "height": 800})
    open_job(site, job)
    assert site.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fields", [{"running": True, "progress_current": 1, "progress_total": 4}, {"failed": True}])
def test_the_element_shuts_nobody_out(site, ann, scheme, fields):
    site.context.unroute_all()  # axe-core itself needs styles that the policy forbids
    site.emulate_media(color_scheme=scheme)
    open_job(site, job_of(ann, **fields, progress_message="row 1"))
    site.wait_for_selector("job-status [data-part=state]")
    assert not complaints(site, within="job-status")
