"""The handler `email-notification`."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpResponse
from django.urls import path
from django.utils.http import urlsafe_base64_decode

import django_jobs
from django_jobs.states import JobStatus
from django_jobs.testing import run_job

pytestmark = pytest.mark.django_db

urlpatterns = [path("reset/<uidb64>/<token>/", lambda request: HttpResponse(), name="password_reset_confirm")]

NEWS = {"subject": "New <rings>", "text": "First.\n\nSecond & last."}


@pytest.fixture(autouse=True)
def _installed(install):
    install("django_jobs.contrib.notifications")


@pytest.fixture
def user():
    return get_user_model().objects.create_user("ada", "ada@example.com", "secret", first_name="Ada")


def run(**arguments):
    return run_job(django_jobs.enqueue("email-notification", arguments))


def test_a_welcome_goes_to_a_user_as_text_and_html(user, mailoutbox):
    data = {"site_name": "Shop & Co", "action_url": "https://example.com/?a=1&b=2"}
    job = run(template="welcome", user_id=user.pk, data=data)
    (mail,) = mailoutbox
    assert job.result == {"sent": 1, "to": ["ada@example.com"], "subject": "Welcome to Shop & Co"}
    assert mail.body.startswith("Hello Ada,")
    assert "https://example.com/?a=1&b=2" in mail.body
    ((html, kind),) = mail.alternatives
    assert kind == "text/html"
    assert '<a href="https://example.com/?a=1&amp;b=2">' in html


def test_a_newsletter_goes_to_addresses_and_only_its_html_is_escaped(mailoutbox):
    run(template="newsletter", to=["a@example.com", "B <b@example.com>"], data=NEWS)
    (mail,) = mailoutbox
    assert mail.to == ["a@example.com", "B <b@example.com>"]
    assert mail.subject == "New <rings>"
    assert "Second & last." in mail.body
    assert "New &lt;rings&gt;" in mail.alternatives[0][0]


def test_a_password_reset_sends_the_link_it_was_given(mailoutbox):
    run(template="password-reset", to="a@example.com", data={"reset_url": "https://example.com/r/1"})
    assert "https://example.com/r/1" in mailoutbox[0].body


def test_a_password_reset_for_a_user_makes_its_link_when_it_is_sent(user, mailoutbox, settings):
    settings.ROOT_URLCONF = __name__
    job = run(template="password-reset", user_id=user.pk, data={"site_url": "https://example.com/"})
    found = re.search(r"https://example\.com/reset/(.+)/(.+)/", mailoutbox[0].body)
    assert found is not None
    assert urlsafe_base64_decode(found[1]).decode() == str(user.pk)
    assert default_token_generator.check_token(user, found[2])
    assert found[2] not in str((job.kwargs, job.result))


def test_a_sites_own_template_takes_the_place_of_the_shipped_one(mailoutbox, settings, tmp_path):
    folder = tmp_path / "django_jobs" / "notifications"
    folder.mkdir(parents=True)
    (folder / "welcome.txt").write_text("Ahoy {{ name }}")
    (folder / "shipped-order.subject.txt").write_text("On\nits way")
    (folder / "shipped-order.txt").write_text("Number {{ number }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    run(template="welcome", to="a@example.com", data={"name": "Ada"})
    run(template="shipped-order", to="a@example.com", data={"number": 7})
    assert [(mail.subject, mail.body) for mail in mailoutbox] == [("Welcome", "Ahoy Ada"), ("On its way", "Number 7")]
    assert not mailoutbox[1].alternatives


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"template": "farewell", "to": "a@example.com"}, "farewell.subject.txt does not exist"),
        ({"template": "../secrets", "to": "a@example.com"}, "is no name of a template"),
        ({"template": "welcome"}, "nobody to write to"),
        ({"template": "welcome", "to": []}, "nobody to write to"),
        ({"template": "welcome", "to": "nobody"}, "'nobody' is no mail address"),
        ({"template": "welcome", "to": ["a@example.com", 7]}, "7 is no mail address"),
        ({"template": "welcome", "user_id": 999_999}, "There is no user 999999"),
        ({"template": "welcome", "user_id": "x"}, "There is no user 'x'"),
        ({"template": "newsletter", "to": "a@example.com", "data": {"text": "x"}}, "needs subject in its data"),
        ({"template": "password-reset", "to": "a@example.com"}, "needs reset_url in its data"),
        ({"template": "welcome", "to": "a@example.com", "data": ["x"]}, "data must be a dict"),
    ],
)
def test_what_no_other_attempt_can_mend_fails_at_once(mailoutbox, arguments, complaint):
    job = run(**arguments)
    assert (job.status, job.attempts) == (JobStatus.FAILED, 1)
    assert complaint in job.error
    assert not mailoutbox


def test_a_user_without_an_address_fails_the_job(user):
    user.email = ""
    user.save()
    assert "nobody to write to" in run(template="welcome", user_id=user.pk).error


def test_a_link_that_no_url_leads_to_fails_the_job(user, settings):
    settings.ROOT_URLCONF = "tests.contrib.no_urls"
    data = {"site_url": "https://example.com"}
    assert "password_reset_confirm" in run(template="password-reset", user_id=user.pk, data=data).error


def test_a_mail_server_that_is_down_is_tried_again(send_with, mailoutbox, down_twice):
    send_with(down_twice)
    job = run(template="newsletter", to="a@example.com", data=NEWS)
    assert (job.status, job.attempts) == (JobStatus.COMPLETED, 3)
    assert len(mailoutbox) == 1
