"""The `JOBS` setting."""

import logging
import re
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs.backoff import Backoff
from django_jobs.settings import JobSettings, find_problems, job_settings


def test_every_key_has_a_default(settings):
    settings.JOBS = {}
    assert job_settings() == JobSettings()
    del settings.JOBS
    assert job_settings() == JobSettings()


def test_the_defaults_are_what_the_docs_say():
    defaults = JobSettings()
    assert defaults.CONCURRENCY == 5
    assert timedelta(seconds=1) == defaults.POLL_INTERVAL
    assert defaults.MAX_ATTEMPTS == 3
    assert timedelta(minutes=5) == defaults.TIMEOUT
    assert timedelta(days=7) == defaults.RETENTION
    assert timedelta(seconds=30) == defaults.WORKER_TIMEOUT


def test_the_settings_are_read_when_asked_for(settings):
    settings.JOBS = {"TIMEOUT": "5m", "CONCURRENCY": 2, "RETENTION": timedelta(days=1), "POLL_INTERVAL": 0.5}
    read = job_settings()
    assert (timedelta(minutes=5), 2) == (read.TIMEOUT, read.CONCURRENCY)
    assert (timedelta(days=1), timedelta(milliseconds=500)) == (read.RETENTION, read.POLL_INTERVAL)
    settings.JOBS = {"CONCURRENCY": 7}
    assert job_settings().CONCURRENCY == 7


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("CONCURRENCY", 0, "0 is not a whole number of at least 1"),
        ("CONCURRENCY", "5", "'5' is not a whole number"),
        ("CONCURRENCY", True, "True is not a whole number"),
        ("CONCURRENCY", None, "None is not a whole number"),
        ("MAX_ATTEMPTS", 40_000, "40000 is more than 32000"),
        ("MAX_JOBS", -1, "-1 is not a whole number of at least 0"),
        ("POLL_INTERVAL", 0, "shorter than 0.01 s"),
        ("POLL_INTERVAL", 1000, "1000 s, more than 60 s; milliseconds are written '500ms'"),
        ("POLL_INTERVAL", "fast", "is not a duration"),
        ("TIMEOUT", -1, "is negative"),
        ("TIMEOUT", None, "is not a number"),
        ("RETENTION", 1e300, "longer than"),
        ("BACKOFF", "quadratic", "none of fixed, linear, exponential"),
        ("BACKOFF_JITTER", 2, "not a share from 0 to 1"),
        ("BACKOFF_JITTER", float("nan"), "not a share"),
        ("UNKNOWN_JOBS", "ignore", "none of fail, wait"),
        ("UNKNOWN_JOBS", [], "none of fail, wait"),
        ("LOG_LEVEL", "info", "none of DEBUG, INFO"),
        ("STATS", 1, "neither True nor False"),
        ("RELEASE", 12, "not a text of at most 30"),
        ("RELEASE", "f" * 40, "not a text of at most 30"),
        ("DATABASE", "jobs", "no alias in DATABASES \\(default\\)"),
        ("DATABASE", ["default"], "unhashable|no alias"),
        ("MAX_PAYLOAD", 0, "at least 1"),
        ("WORKER_TIMEOUT", 1, "shorter than 2"),
    ],
)
def test_a_bad_value_is_a_problem_that_names_the_key_and_the_default(key, value, complaint):
    (problem,) = find_problems({key: value})
    assert problem.key == key
    assert f"JOBS[{key!r}] is wrong" in problem.message
    assert re.search(complaint, problem.message)
    assert problem.hint.startswith("The default is")


def test_an_unknown_key_that_is_near_to_none_is_answered_with_all():
    (problem,) = find_problems({"HEARTBEAT": 5})
    assert problem.hint.startswith("The keys are ACCESS, ")


def test_an_unknown_key_is_answered_with_the_nearest():
    (problem,) = find_problems({"POLL_INTERVALL": 1})
    assert (problem.message, problem.hint) == ("JOBS has no key 'POLL_INTERVALL'.", "Did you mean 'POLL_INTERVAL'?")


def test_a_key_like_no_other_is_answered_with_all():
    (problem,) = find_problems({"???": 1})
    assert "The keys are ACCESS, ASYNC_CONCURRENCY, BACKOFF" in problem.hint


@pytest.mark.parametrize("key", ["poll_interval", 5, None])
def test_a_key_of_the_wrong_kind_is_a_problem_too(key):
    (problem,) = find_problems({key: 1})
    assert f"JOBS has no key {key!r}" in problem.message


@pytest.mark.parametrize("given", [None, [], "POLL_INTERVAL", 5])
def test_jobs_must_be_a_dict(given):
    (problem,) = find_problems(given)
    assert "JOBS must be a dict" in problem.message


def test_keys_that_contradict_each_other_are_a_problem():
    (problem,) = find_problems({"BACKOFF_BASE": 60, "BACKOFF_MAX": 30})
    assert "longer than BACKOFF_MAX" in problem.message


def test_every_problem_is_told_at_once(settings):
    settings.JOBS = {"CONCURENCY": 5, "TIMEOUT": -1}
    with pytest.raises(ImproperlyConfigured) as raised:
        job_settings()
    assert "'CONCURRENCY'" in str(raised.value)
    assert "JOBS['TIMEOUT']" in str(raised.value)


def test_the_settings_make_the_default_backoff(settings):
    settings.JOBS = {"BACKOFF": "linear", "BACKOFF_BASE": "2s", "BACKOFF_MAX": "1m", "BACKOFF_JITTER": 0}
    assert job_settings().backoff == Backoff("linear", 2, 60, 0)


def test_the_log_level_is_a_number_to_the_logging_module(settings):
    settings.JOBS = {"LOG_LEVEL": "WARNING"}
    assert job_settings().log_level == logging.WARNING
