"""The verdict, and the numbers under it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

import django_jobs
from django_jobs import monitoring
from django_jobs.monitoring import HandlerStats, health, metrics, processing_stats
from django_jobs.states import JobStatus

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_a_working_site_is_healthy(make_worker, make_job):
    make_worker()
    make_job()
    found = health()
    assert (found.status, found.reasons) == ("healthy", [])


def test_no_worker_is_degraded_while_nothing_is_due(make_job):
    make_job(JobStatus.SCHEDULED, due_for=-HOUR)
    found = health()
    assert (found.status, found.reasons) == ("degraded", ["No worker is running."])


def test_no_worker_is_unhealthy_once_a_job_is_due(make_job):
    make_job()
    found = health()
    assert (found.status, found.reasons) == ("unhealthy", ["No worker is running, and jobs are due."])


@pytest.mark.parametrize("gone", [{"silent_for": HOUR}, {"stopped_at": timezone.now()}])
def test_a_worker_that_stopped_or_fell_silent_does_not_count(make_worker, make_job, gone):
    make_worker(**gone)
    make_job()
    assert health().status == "unhealthy"
    assert health().workers.total == 0


def test_fewer_workers_than_wanted_is_unhealthy(make_worker):
    make_worker()
    assert health(min_workers=2).reasons == ["1 of 2 workers are running."]
    assert health(min_workers=2).status == "unhealthy"
    assert health(min_workers=1).status == "healthy"


def test_a_site_that_wants_no_worker_now_is_healthy_without_one():
    assert health(min_workers=0).status == "healthy"


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.SCHEDULED])
def test_a_job_that_waits_too_long_is_degraded(make_worker, make_job, status):
    make_worker()
    make_job(status, due_for=10 * MINUTE)
    assert health().reasons == ["A job has been due for 600 s, longer than 300 s."]
    assert health().status == "degraded"
    assert health(max_latency="15m").status == "healthy"


def test_the_jobs_of_a_dead_worker_are_degraded(make_worker, make_job):
    make_worker()
    make_job(JobStatus.RUNNING, worker=make_worker(silent_for=HOUR))
    assert health().reasons == ["1 job waits to be rescued from a dead worker."]
    assert health().status == "degraded"


def test_the_worst_problem_decides(make_job, make_worker):
    make_job(JobStatus.RUNNING, worker=make_worker(silent_for=HOUR))
    make_job(due_for=HOUR)
    assert health().status == "unhealthy"
    assert len(health().reasons) == 3


def test_workers_are_active_while_they_run_a_job(make_worker, make_job):
    busy, _ = make_worker(), make_worker()
    make_job(JobStatus.RUNNING, worker=busy)
    make_job(JobStatus.RUNNING, worker=busy)
    workers = health().workers
    assert (workers.total, workers.active, workers.idle) == (2, 1, 1)


def test_the_oldest_due_job_is_found_whatever_its_queue_and_priority(make_job):
    make_job(due_for=MINUTE, priority=50)
    make_job(due_for=HOUR, priority=-50, queue_name="slow")
    oldest = health().oldest_due
    assert oldest is not None
    assert HOUR <= oldest < HOUR + MINUTE


def test_nothing_due_is_none_and_not_zero(make_job):
    make_job(JobStatus.SCHEDULED, due_for=-HOUR)
    assert health().oldest_due is None


def test_unfinished_jobs_are_counted_as_rows_and_finished_ones_from_the_last_days_counts(make_job, make_stat):
    for status in JobStatus:
        make_job(status)
    make_stat(completed=5, failed=1, retried=2, cancelled=1, run_seconds=18.0)
    make_stat(ago=timedelta(days=2), completed=100)
    found = health()
    assert found.jobs == {
        "scheduled": 1, "waiting": 1, "pending": 1, "running": 1, "completed": 5, "failed": 1, "cancelled": 1,
    }  # fmt: skip
    assert metrics() == found.jobs
    assert found.processed == 7
    assert found.average_seconds == 2.0


def test_without_statistics_finished_jobs_are_counted_as_rows(settings, make_job):
    settings.JOBS = {**settings.JOBS, "STATS": False}
    for status in JobStatus:
        make_job(status)
    assert set(metrics().values()) == {1}


def test_counting_stops_at_its_limit(monkeypatch, make_job):
    monkeypatch.setattr(monitoring, "COUNT_LIMIT", 3)
    for _ in range(5):
        make_job()
    assert health().jobs["pending"] == 3


def test_health_as_json_has_all_that_monitors_ask_for(make_worker, make_job, make_stat):
    make_worker()
    make_job(due_for=MINUTE)
    make_stat(completed=1, run_seconds=0.5)
    told = json.loads(json.dumps(health().as_dict()))
    assert told["status"] == "healthy"
    assert told["workers"] == {"total": 1, "active": 0, "idle": 1}
    assert told["oldest_due_seconds"] >= 60
    assert (told["processed"], told["average_seconds"]) == (1, 0.5)
    assert "tests.add" in told["handlers"]


def test_health_asks_a_fixed_number_of_questions(make_worker, make_job, django_assert_max_num_queries):
    for _ in range(20):
        make_job(JobStatus.RUNNING, worker=make_worker())
        make_job(due_for=MINUTE)
    with django_assert_max_num_queries(15):
        health()


def test_the_public_name_is_this_function():
    assert django_jobs.health is health


def test_statistics_are_summed_by_handler(make_stat):
    for _ in range(2):
        make_stat(name="shop.b", completed=2, failed=1, retried=1, run_seconds=4.0, wait_seconds=8.0)
    make_stat(name="shop.a", completed=1, run_seconds=1.0)
    first, second = processing_stats()
    assert (first.name, second.name) == ("shop.a", "shop.b")
    assert second == HandlerStats("shop.b", completed=4, failed=2, retried=2, run_seconds=8.0, wait_seconds=16.0)
    assert (second.processed, second.attempts) == (6, 8)
    assert (second.average_seconds, second.average_wait_seconds) == (1.0, 2.0)
    assert second.as_dict()["average_seconds"] == 1.0


def test_statistics_may_be_asked_since_a_span_or_a_moment(make_stat):
    make_stat(ago=HOUR, completed=1)
    make_stat(ago=5 * HOUR, completed=1)
    assert processing_stats(2 * HOUR)[0].completed == 1
    assert processing_stats(timezone.now() - 6 * HOUR)[0].completed == 2
    assert processing_stats(MINUTE) == []


def test_no_attempts_have_no_average():
    nothing = HandlerStats("shop.a")
    assert (nothing.average_seconds, nothing.average_wait_seconds) == (None, None)
