"""`jobs_from_env`: what each variable means, and what is refused."""

from dataclasses import fields
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from django_jobs import conf
from django_jobs.conf import ALIASES, jobs_from_env, unknown_variables
from django_jobs.settings import JobSettings, find_problems

THE_OTHER_SYSTEMS = {
    "JOB_QUEUE_MAX_WORKERS": "5",
    "JOB_QUEUE_POLL_INTERVAL": "1",
    "JOB_QUEUE_MAX_JOBS_PER_WORKER": "10",
    "JOB_QUEUE_WORKER_TIMEOUT": "300",
    "JOB_QUEUE_GRACEFUL_SHUTDOWN_TIMEOUT": "30000ms",
    "JOB_QUEUE_DEFAULT_MAX_RETRIES": "3",
    "JOB_QUEUE_DEFAULT_TIMEOUT_SECONDS": "300",
    "JOB_QUEUE_RETRY_STRATEGY": "exponential",
    "JOB_QUEUE_RETRY_BASE_DELAY": "1000ms",
    "JOB_QUEUE_RETRY_MAX_DELAY": "60",
    "JOB_QUEUE_ENABLE_METRICS": "true",
    "JOB_QUEUE_METRICS_INTERVAL": "60000ms",
}
EVERY_KEY = {
    "DATABASE": "default",
    "CONCURRENCY": "2",
    "ASYNC_CONCURRENCY": "50",
    "POLL_INTERVAL": "500ms",
    "LISTEN": "no",
    "MAX_ATTEMPTS": "4",
    "TIMEOUT": "10m",
    "BACKOFF": "linear",
    "BACKOFF_BASE": "2",
    "BACKOFF_MAX": "2h",
    "BACKOFF_JITTER": "0.5",
    "SHUTDOWN_TIMEOUT": "20",
    "WORKER_TIMEOUT": "1m",
    "MAX_JOBS": "1000",
    "MAX_RESCUES": "2",
    "RETENTION": "30d",
    "UNKNOWN_JOBS": "wait",
    "LOG_LEVEL": "DEBUG",
    "MAX_PAYLOAD": "5000",
    "STATS": "off",
    "STATS_INTERVAL": "10",
    "RELEASE": "v1.2",
    "ACCESS": "example_project.shop.visitors.ShopAccess",
}


@pytest.fixture(autouse=True)
def _no_other_prefixes(monkeypatch):
    monkeypatch.setattr(conf, "_sources", {})


def test_nothing_set_leaves_every_default():
    assert jobs_from_env(environ={"PATH": "/bin"}) == {}


def test_every_key_is_read_from_its_own_variable():
    jobs = jobs_from_env(environ={f"JOB_QUEUE_{key}": text for key, text in EVERY_KEY.items()})
    assert set(jobs) == set(EVERY_KEY) == {field.name for field in fields(JobSettings)}
    assert find_problems(jobs) == []
    assert jobs["POLL_INTERVAL"] == timedelta(milliseconds=500)
    assert jobs["RETENTION"] == timedelta(days=30)
    assert jobs["BACKOFF_JITTER"] == 0.5
    assert jobs["STATS"] is False


def test_the_names_of_other_systems_are_read_too():
    jobs = jobs_from_env(environ=THE_OTHER_SYSTEMS)
    assert find_problems(jobs) == []
    assert jobs == {
        "CONCURRENCY": 5,
        "POLL_INTERVAL": timedelta(seconds=1),
        "MAX_JOBS": 10,
        "WORKER_TIMEOUT": timedelta(minutes=5),
        "SHUTDOWN_TIMEOUT": timedelta(seconds=30),
        "MAX_ATTEMPTS": 4,
        "TIMEOUT": timedelta(minutes=5),
        "BACKOFF": "exponential",
        "BACKOFF_BASE": timedelta(seconds=1),
        "BACKOFF_MAX": timedelta(minutes=1),
        "STATS": True,
        "STATS_INTERVAL": timedelta(minutes=1),
    }


def test_retries_are_what_comes_after_the_first_attempt():
    assert jobs_from_env(environ={"JOB_QUEUE_DEFAULT_MAX_RETRIES": "0"}) == {"MAX_ATTEMPTS": 1}


@pytest.mark.parametrize(
    "name",
    [
        "POLL_INTERVAL",
        "WORKER_TIMEOUT",
        "GRACEFUL_SHUTDOWN_TIMEOUT",
        "RETRY_BASE_DELAY",
        "RETRY_MAX_DELAY",
        "METRICS_INTERVAL",
    ],
)
def test_a_number_that_looks_like_milliseconds_is_refused_with_the_ways_out(name):
    with pytest.raises(ImproperlyConfigured, match="looks like milliseconds; write 30 or 30000ms, or 30000s"):
        jobs_from_env(environ={f"JOB_QUEUE_{name}": "30000"})


def test_a_long_span_of_seconds_is_taken_where_it_says_so():
    jobs = jobs_from_env(environ={"JOB_QUEUE_RETRY_MAX_DELAY": "7200s", "JOB_QUEUE_DEFAULT_TIMEOUT_SECONDS": "7200"})
    assert jobs == {"BACKOFF_MAX": timedelta(hours=2), "TIMEOUT": timedelta(hours=2)}


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("CONCURRENCY", "five", "write a whole number"),
        ("CONCURRENCY", "2.5", "write a whole number"),
        ("BACKOFF_JITTER", "some", "write a number"),
        ("STATS", "flase", "write true or false"),
        ("TIMEOUT", "soon", "not a duration"),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_variables_name(name, text, complaint):
    with pytest.raises(ImproperlyConfigured, match=f"^JOB_QUEUE_{name}={text} cannot be read: .*{complaint}"):
        jobs_from_env(environ={f"JOB_QUEUE_{name}": text})


def test_two_variables_for_one_key_are_refused():
    both = {"JOB_QUEUE_CONCURRENCY": "2", "JOB_QUEUE_MAX_WORKERS": "3"}
    with pytest.raises(ImproperlyConfigured, match="JOB_QUEUE_CONCURRENCY and JOB_QUEUE_MAX_WORKERS both set"):
        jobs_from_env(environ=both)


def test_an_empty_variable_counts_as_not_set():
    assert jobs_from_env(environ={"JOB_QUEUE_CONCURRENCY": " ", "JOB_QUEUE_MAX_WORKERS": "3"}) == {"CONCURRENCY": 3}


def test_another_prefix_reads_other_variables():
    assert jobs_from_env("SHOP_JOBS_", {"SHOP_JOBS_CONCURRENCY": "2", "JOB_QUEUE_CONCURRENCY": "3"}) == {
        "CONCURRENCY": 2
    }


def test_a_value_may_point_to_another_variable():
    assert jobs_from_env(environ={"JOB_QUEUE_CONCURRENCY": "$CORES", "CORES": "8"}) == {"CONCURRENCY": 8}


def test_an_unknown_variable_is_told_with_the_nearest_name():
    jobs_from_env(environ={"JOB_QUEUE_POL_INTERVAL": "1", "JOB_QUEUE_XYZ": "1", "OTHER": "1"})
    assert [(found.name, found.nearest) for found in unknown_variables()] == [
        ("JOB_QUEUE_POL_INTERVAL", "JOB_QUEUE_POLL_INTERVAL"),
        ("JOB_QUEUE_XYZ", None),
    ]


def test_nothing_is_unknown_where_the_environment_was_not_asked(monkeypatch):
    monkeypatch.setenv("JOB_QUEUE_POL_INTERVAL", "1")
    assert unknown_variables() == []


def test_each_alias_means_a_key_and_is_none_itself():
    keys = {field.name for field in fields(JobSettings)}
    assert set(ALIASES.values()) <= keys
    assert not set(ALIASES) & keys


@given(st.dictionaries(st.sampled_from([*EVERY_KEY, *ALIASES]), st.text(max_size=10), max_size=4))
def test_any_text_is_either_read_or_refused_by_name(texts):
    environ = {f"JOB_QUEUE_{name}": text for name, text in texts.items() if not text.startswith("$")}
    try:
        jobs_from_env(environ=environ)
    except ImproperlyConfigured as error:
        refusal = str(error)
    else:
        return
    assert refusal.startswith("JOB_QUEUE_")
