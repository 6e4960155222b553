"""Enqueueing: what is asked for is what the row says."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.utils import timezone

from django_jobs import current_job
from django_jobs.exceptions import InvalidArguments, InvalidOptions
from django_jobs.models import Job
from django_jobs.signals import job_enqueued
from django_jobs.states import JobStatus
from django_jobs.store import get_store
from django_jobs.testing import run_jobs
from tests.jobs import add, add_async, echo, enqueue_another

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def announced():
    """Collect what `job_enqueued` tells."""
    told: list[tuple[object, Job]] = []

    def receive(sender, job, **_):
        told.append((sender, job))

    job_enqueued.connect(receive)
    yield told
    job_enqueued.disconnect(receive)


def test_a_handler_is_still_a_function():
    assert add(2, b=3) == 5
    assert asyncio.run(add_async(2, 3)) == 5
    assert (add.func.__name__, add.__doc__) == ("add", "Add two numbers.")


def test_an_enqueued_job_waits_for_a_worker(settings):
    settings.JOBS = {"MAX_ATTEMPTS": 4}
    before = timezone.now()
    job = Job.objects.get(pk=add.enqueue(2, b=3).pk)
    assert (job.name, job.queue_name, job.priority, job.status) == ("tests.add", "default", 0, JobStatus.PENDING)
    assert (job.args, job.kwargs) == ([], {"a": 2, "b": 3})
    assert (job.attempts, job.max_attempts, job.timeout, job.claim_token) == (0, 4, None, 0)
    assert (job.owner, job.parent_id, job.copy_of_id, job.worker_id) == ("", None, None, None)
    assert (job.result, job.error, job.started_at, job.finished_at) == (None, "", None, None)
    assert before <= job.run_after <= job.created_at <= timezone.now()


def test_the_returned_job_is_the_row_as_it_was_written():
    job = add.using(priority="high", delay=5).enqueue(1)
    stored = Job.objects.get(pk=job.pk)
    for field in Job._meta.concrete_fields:
        assert getattr(job, field.attname) == getattr(stored, field.attname), field.attname


def test_a_handlers_options_are_its_jobs_defaults(make_handler):
    handler = make_handler(lambda: None, queue_name="reports", priority="high", max_attempts=7, timeout="1m")
    job = handler.enqueue()
    # the timeout stays the handler's: a new one holds for jobs that are enqueued already
    assert (job.queue_name, job.priority, job.max_attempts, job.timeout) == ("reports", 50, 7, None)
    assert handler.limit == 60


def test_using_says_more_of_one_job(make_handler):
    handler = make_handler(lambda: None, queue_name="reports", priority="high", max_attempts=7, timeout=60)
    job = handler.using(
        queue_name="mail", priority=-3, max_attempts=1, timeout=timedelta(hours=1), owner="shop:7"
    ).enqueue()
    assert (job.queue_name, job.priority, job.max_attempts) == ("mail", -3, 1)
    assert (job.timeout, job.owner) == (timedelta(hours=1), "shop:7")


def test_using_changes_nothing_for_the_next_job():
    echo.using(priority="low", queue_name="slow").enqueue(1)
    assert (echo.enqueue(2).priority, echo.enqueue(3).queue_name) == (0, "default")


def test_normal_priority_can_be_asked_for_where_the_handler_has_another(make_handler):
    handler = make_handler(lambda: None, priority="high")
    assert handler.using(priority="normal").enqueue().priority == 0


def test_no_timeout_can_be_asked_for():
    assert echo.using(timeout=0).enqueue().timeout == timedelta(0)


@pytest.mark.parametrize("delay", [60, 60.0, timedelta(minutes=1), "60", "1m"])
def test_a_delay_schedules_a_job_by_the_databases_clock(delay):
    store = get_store("default")
    before = store.now()
    job = echo.using(delay=delay).enqueue()
    assert job.status == JobStatus.SCHEDULED
    assert before + MINUTE <= job.run_after <= store.now() + MINUTE


@pytest.mark.only_on("postgresql", "mysql")
def test_a_host_whose_clock_is_wrong_delays_by_the_databases(monkeypatch):
    right = get_store("default").now()
    monkeypatch.setattr(timezone, "now", lambda: right - timedelta(days=3))
    job = echo.using(delay=60).enqueue()
    assert right < job.run_after < right + 2 * MINUTE


def test_a_job_can_be_enqueued_for_a_moment():
    moment = timezone.now() + timedelta(days=1)
    job = echo.using(run_after=moment).enqueue()
    assert (job.status, job.run_after) == (JobStatus.SCHEDULED, moment)


def test_what_is_due_already_is_pending_at_once():
    assert echo.using(delay=0).enqueue().status == JobStatus.PENDING
    assert echo.using(run_after=timezone.now() - MINUTE).enqueue().status == JobStatus.PENDING


def test_a_time_without_a_zone_is_fine_where_the_site_has_none(settings):
    settings.USE_TZ = False
    tomorrow = timezone.now() + timedelta(days=1)
    job = Job.objects.get(pk=echo.using(run_after=tomorrow).enqueue().pk)
    assert (job.status, job.run_after) == (JobStatus.SCHEDULED, tomorrow)


def test_an_owner_may_be_a_row_or_text(django_user_model):
    user = django_user_model.objects.create(username="zoe")
    assert echo.using(owner=user).enqueue().owner == f"auth.user:{user.pk}"
    assert echo.using(owner=7).enqueue().owner == "7"
    with pytest.raises(InvalidOptions, match="cannot own a job before it is saved"):
        echo.using(owner=django_user_model(username="max")).enqueue()
    assert Job.objects.count() == 2


def test_many_jobs_with_large_arguments_are_more_than_one_statement():
    text = "é" * 200_000
    jobs = echo.enqueue_many([(text,)] * 60)
    assert Job.objects.count() == len(jobs) == 60
    assert Job.objects.get(pk=jobs[59].pk).kwargs == {"value": text}


def test_many_jobs_are_created_a_thousand_at_a_time(django_assert_max_num_queries):
    # three inserts within a savepoint; SQLite takes fewer values at once, and has no round trips to save
    with django_assert_max_num_queries(100 if connection.vendor == "sqlite" else 5):
        jobs = add.enqueue_many({"a": n} for n in range(2500))
    assert [job.kwargs["a"] for job in jobs] == list(range(2500))
    assert list(Job.objects.order_by("id").values_list("pk", flat=True)) == [job.pk for job in jobs]


def test_many_jobs_are_made_when_they_are_asked_for():
    jobs = add.enqueue_many({"a": n} for n in range(10))
    assert jobs[3] is jobs[3]
    assert jobs[-1].kwargs == {"a": 9}
    assert [job.kwargs["a"] for job in jobs[2:4]] == [2, 3]
    assert jobs[2:4][1] is jobs[3]
    assert jobs.ids == [job.pk for job in jobs]
    assert repr(jobs) == "<Enqueued: 10 × tests.add>"
    with pytest.raises(IndexError):
        jobs[10]
    assert jobs[4].cancel()
    assert (jobs[4].status, jobs[5].status) == (JobStatus.CANCELLED, JobStatus.PENDING)


def test_many_calls_may_be_dicts_or_tuples():
    jobs = add.enqueue_many([{"a": 1}, (2,), [3, 4]])
    assert [job.kwargs for job in jobs] == [{"a": 1}, {"a": 2}, {"a": 3, "b": 4}]


def test_many_jobs_share_their_options():
    jobs = add.using(queue_name="bulk", delay=60).enqueue_many([(1,), (2,)])
    assert {(job.queue_name, job.status) for job in jobs} == {("bulk", JobStatus.SCHEDULED)}


def test_no_calls_make_no_jobs():
    assert not add.enqueue_many([])
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"a": {1}}, InvalidArguments), ({"z": 1}, TypeError), ("text", TypeError), (7, TypeError)],
)
def test_one_wrong_call_of_many_creates_none(wrong, error):
    with pytest.raises(error):
        add.enqueue_many([{"a": 1}, wrong])
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_jobs_are_enqueued_from_async_code():
    job = async_to_sync(add.aenqueue)(1, b=2)
    delayed = async_to_sync(add.using(delay=60).aenqueue)(3)
    assert Job.objects.get(pk=job.pk).kwargs == {"a": 1, "b": 2}
    assert Job.objects.get(pk=delayed.pk).status == JobStatus.SCHEDULED


def test_an_enqueued_job_holds_its_arguments_as_its_handler_gets_them():
    job = echo.enqueue({"pair": (1, 2)})
    assert job.kwargs == {"value": {"pair": [1, 2]}} == Job.objects.get(pk=job.pk).kwargs


def test_a_job_knows_the_job_that_enqueued_it():
    outer = enqueue_another.enqueue(5)
    run_jobs()
    inner = Job.objects.named("tests.echo").get()
    assert (inner.parent, outer.parent_id) == (outer, None)
    assert outer.children.get() == inner


def test_a_job_is_announced_after_the_commit_with_its_handler(announced, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = echo.enqueue(1)
        assert announced == []
    assert announced == [(echo, job)]


@pytest.mark.parametrize(("wrong", "error"), [({"c": 1}, TypeError), ([1, {1, 2}], InvalidArguments)])
def test_the_wrong_call_of_many_is_named(wrong, error):
    with pytest.raises(error, match=r"^call 3: tests\.add"):
        add.enqueue_many([[1, 2], [3, 4], wrong, [5, 6]])


def test_many_jobs_are_announced_one_by_one(announced, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        jobs = echo.enqueue_many([(1,), (2,), (3,)])
    assert [job for _, job in announced] == [*jobs]


def test_a_receiver_can_listen_to_one_handler(django_capture_on_commit_callbacks):
    told: list[Job] = []

    def receive(job, **_):
        told.append(job)

    job_enqueued.connect(receive, sender=add)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            echo.enqueue(1)
            job = add.enqueue(1)
    finally:
        job_enqueued.disconnect(receive, sender=add)
    assert told == [job]


def test_a_receiver_that_raises_harms_no_enqueue(django_capture_on_commit_callbacks, announced, caplog):
    def receive(**_):
        raise ValueError("broken receiver")

    job_enqueued.connect(receive)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            jobs = echo.enqueue_many([(1,), (2,)])
    finally:
        job_enqueued.disconnect(receive)
    assert [job for _, job in announced] == [*jobs]
    assert "broken receiver" in caplog.text


def test_nobody_listening_leaves_nothing_for_after_the_commit(django_capture_on_commit_callbacks, settings):
    settings.JOBS = {"LISTEN": False}  # workers on PostgreSQL listen too
    with django_capture_on_commit_callbacks() as callbacks:
        echo.enqueue(1)
    assert callbacks == []


def test_there_is_no_current_job_outside_a_handler():
    assert not current_job
