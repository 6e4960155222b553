"""How each queue is doing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from django_jobs.models import Queue
from django_jobs.monitoring import health, queues
from django_jobs.monitoring.queues import queue_stats
from django_jobs.states import JobStatus

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def stats_of(name):
    return next((stats for stats in queue_stats() if stats.name == name), None)


def test_a_queue_tells_how_many_jobs_wait_and_run(make_job, make_worker):
    for _ in range(3):
        make_job(queue_name="mail")
    make_job(JobStatus.RUNNING, queue_name="mail", worker=make_worker())
    make_job(JobStatus.COMPLETED, queue_name="mail")
    make_job(queue_name="other")
    mail = stats_of("mail")
    assert (mail.depth, mail.running, mail.paused_at) == (3, 1, None)
    assert stats_of("other").depth == 1


def test_latency_is_that_of_the_oldest_job_whatever_its_priority(make_job):
    make_job(queue_name="mail", due_for=MINUTE, priority=50)
    make_job(queue_name="mail", due_for=HOUR, priority=-50)
    make_job(queue_name="mail", due_for=2 * MINUTE)
    make_job(queue_name="other", due_for=5 * MINUTE)
    assert HOUR <= stats_of("mail").latency < HOUR + MINUTE
    assert 5 * MINUTE <= stats_of("other").latency < 6 * MINUTE
    make_job(JobStatus.RUNNING, queue_name="idle")
    assert stats_of("idle").latency is None


def test_counting_the_jobs_of_a_queue_stops_at_its_limit(monkeypatch, make_job):
    monkeypatch.setattr(queues, "COUNT_LIMIT", 3)
    for _ in range(5):
        make_job(queue_name="mail")
    assert stats_of("mail").depth == 3


def test_a_job_that_more_urgent_ones_keep_waiting_is_seen_behind_the_limit(monkeypatch, make_job):
    monkeypatch.setattr(queues, "COUNT_LIMIT", 2)
    make_job(queue_name="mail", due_for=HOUR, priority=-50)
    make_job(queue_name="mail", due_for=2 * MINUTE, priority=-50)
    for _ in range(3):
        make_job(queue_name="mail", due_for=MINUTE, priority=50)
    assert stats_of("mail").latency >= HOUR


def test_the_rate_is_that_of_the_last_whole_minutes(make_stat):
    make_stat(ago=2 * MINUTE, completed=3, failed=1)
    make_stat(ago=4 * MINUTE, retried=1)
    make_stat(ago=0 * MINUTE, completed=100)
    make_stat(ago=20 * MINUTE, completed=100)
    assert stats_of("default").per_minute == 1.0


def test_without_statistics_no_rate_is_known(settings, make_job):
    settings.JOBS = {**settings.JOBS, "STATS": False}
    make_job()
    assert stats_of("default").per_minute is None


def test_every_queue_that_there_is_is_found(make_job, make_worker, make_stat):
    Queue.objects.pause("paused")
    make_job(queue_name="pending")
    make_job(JobStatus.SCHEDULED, queue_name="scheduled", due_for=-HOUR)
    make_job(JobStatus.RUNNING, queue_name="running")
    make_worker(queue_names=["served"])
    make_worker(queue_names=["gone"], stopped_at=timezone.now())
    make_job(JobStatus.COMPLETED, queue_name="long ago")
    make_stat()
    names = {stats.name for stats in queue_stats()}
    assert names >= {"paused", "pending", "scheduled", "running", "served", "default"}
    assert not names & {"gone", "long ago"}


def test_a_paused_queue_keeps_its_numbers(make_job):
    make_job(queue_name="mail", due_for=HOUR)
    Queue.objects.pause("mail")
    mail = stats_of("mail")
    assert mail.depth == 1
    assert mail.latency >= HOUR
    assert mail.paused_at is not None


def test_the_queues_are_asked_a_fixed_number_of_questions(make_job, make_worker, make_stat, django_assert_num_queries):
    for number in range(20):
        make_job(queue_name=f"queue{number}", priority=number)
        make_job(JobStatus.RUNNING, queue_name=f"queue{number}", worker=make_worker())
    make_stat()
    now = timezone.now()
    steps = 20 if connection.vendor == "mysql" else 0  # it takes the steps along the queues one by one
    with django_assert_num_queries(7 + steps):
        assert len(queue_stats(now)) >= 20


def test_health_does_not_wait_for_what_is_paused_on_purpose(make_job, make_worker):
    make_worker()
    make_job(queue_name="mail", due_for=HOUR)
    assert health().status == "degraded"
    Queue.objects.pause("mail")
    assert health().status == "healthy"
    assert health().oldest_due is None
