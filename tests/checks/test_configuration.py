"""What the system checks say of `JOBS`, of the environment, of commands and of mails."""

import django
import pytest
from django.core.checks import run_checks
from django.core.management import call_command

from django_jobs import conf

OURS = "django_jobs.contrib.email.JobEmailBackend"


def found() -> dict[str, str]:
    """Return the messages of our checks by their ids."""
    return {str(message.id): f"{message.msg} {message.hint}" for message in run_checks(tags=["django_jobs"])}


def test_a_good_site_hears_nothing():
    assert found() == {}
    call_command("check", tags=["django_jobs"], fail_level="INFO")


def test_jobs_that_are_no_dict(settings):
    settings.JOBS = ["POLL_INTERVAL"]
    assert "must be a dict" in found()["django_jobs.E001"]


def test_an_unknown_key_names_the_nearest(settings):
    settings.JOBS = {"POL_INTERVAL": 1}
    assert "Did you mean 'POLL_INTERVAL'?" in found()["django_jobs.E002"]


@pytest.mark.parametrize(
    "jobs", [{"POLL_INTERVAL": 1000}, {"CONCURRENCY": 0}, {"BACKOFF_BASE": 10, "BACKOFF_MAX": 1}, {"DATABASE": "no"}]
)
def test_a_value_that_cannot_be_used_names_its_key(settings, jobs):
    settings.JOBS = jobs
    assert f"JOBS['{next(iter(jobs))}']" in found()["django_jobs.E003"]


def test_a_misspelt_variable_names_the_nearest(monkeypatch):
    monkeypatch.setattr(conf, "_sources", {})
    conf.jobs_from_env(environ={"JOB_QUEUE_CONCURENCY": "2"})
    assert found()["django_jobs.W001"] == (
        "JOB_QUEUE_CONCURENCY is set, but no key of JOBS is read from it. Did you mean JOB_QUEUE_CONCURRENCY?"
    )


def test_another_apps_runjobs_before_ours_is_told(settings):
    settings.INSTALLED_APPS = ["tests.checks.otherjobs", *settings.INSTALLED_APPS]
    assert 'Put "django_jobs" before "tests.checks.otherjobs"' in found()["django_jobs.W004"]


def test_another_apps_runjobs_after_ours_is_silent(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.checks.otherjobs"]
    assert found() == {}


def test_mails_through_jobs_need_their_app(settings):
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": OURS, "OPTIONS": {"mailer": "smtp"}}, "smtp": {}}
    else:
        settings.EMAIL_BACKEND = OURS
    assert 'Add "django_jobs.contrib.email" to INSTALLED_APPS' in found()["django_jobs.E006"]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_jobs.contrib.email"]
    assert found() == {}


def test_mails_that_would_go_round_are_told(settings):
    settings.JOBS_EMAIL_BACKEND = OURS
    assert "round for ever" in found()["django_jobs.E007"]


@pytest.mark.parametrize("options", [{}, {"mailer": "default"}, {"mailer": "none"}])
def test_a_mailer_that_leads_nowhere_is_told(monkeypatch, settings, options):
    from django_jobs.checks import mail

    class Site:
        MAILERS = {"default": {"BACKEND": OURS, "OPTIONS": options}, "smtp": {}}

        @staticmethod
        def is_overridden(name: str) -> bool:
            return False

    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_jobs.contrib.email"]
    monkeypatch.setattr(mail, "settings", Site)  # Django before 6.1 has no MAILERS, and 6.1 forbids both ways at once
    assert "cannot send them" in found()["django_jobs.E007"]
    Site.MAILERS["default"]["OPTIONS"] = {"mailer": "smtp"}
    assert found() == {}
