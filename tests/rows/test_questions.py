"""The vocabulary of questions."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from django_jobs.exceptions import InvalidOptions
from django_jobs.ids import uuid7
from django_jobs.models import Job, JobLog, Worker
from django_jobs.querysets import jobs_database, owner_key
from django_jobs.states import FINISHED, UNFINISHED, JobStatus
from tests.factories import JobFactory, WorkerFactory
from tests.jobs import echo

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("status", list(JobStatus))
def test_every_status_has_its_adjective(status):
    jobs = {each: JobFactory(**{each.value: True}) for each in JobStatus}
    assert getattr(Job.objects, status.value)().get() == jobs[status]


def test_finished_and_unfinished_share_all_jobs():
    for status in JobStatus:
        JobFactory(**{status.value: True})
    assert set(Job.objects.finished().values_list("status", flat=True)) == FINISHED
    assert set(Job.objects.unfinished().values_list("status", flat=True)) == UNFINISHED


def test_due_is_what_is_scheduled_for_now_or_before():
    due = JobFactory(due=True)
    JobFactory(scheduled=True), JobFactory(pending=True, run_after=timezone.now() - HOUR)
    assert Job.objects.due().get() == due
    assert Job.objects.due(timezone.now() + 2 * HOUR).count() == 2


def test_orphans_are_running_jobs_without_a_living_worker():
    orphaned, abandoned = JobFactory(orphaned=True), JobFactory(abandoned=True, worker_id=uuid7())
    stopped, nobodys = (
        JobFactory(running=True, worker=WorkerFactory(stopped=True)),
        JobFactory(running=True, worker=None),
    )
    JobFactory(running=True), JobFactory(completed=True, worker=WorkerFactory(lapsed=True))
    assert set(Job.objects.orphaned()) == {orphaned, abandoned, stopped, nobodys}


def test_a_worker_lives_as_long_as_its_heartbeat(settings):
    settings.JOBS = {"WORKER_TIMEOUT": 30}
    now = timezone.now()
    fresh, late = (
        WorkerFactory(heartbeat_at=now - timedelta(seconds=29)),
        WorkerFactory(heartbeat_at=now - timedelta(seconds=31)),
    )
    stopped = WorkerFactory(stopped=True)
    assert list(Worker.objects.alive(now)) == [fresh]
    assert list(Worker.objects.lapsed(now)) == [late]
    assert [worker.is_alive(now) for worker in (fresh, late, stopped)] == [True, False, False]


def test_jobs_are_found_by_name_and_queue():
    mail = JobFactory(name="mail.send", queue_name="mail")
    report = JobFactory(name="shop.report", queue_name="reports")
    JobFactory()
    assert Job.objects.named("mail.send").get() == mail
    assert set(Job.objects.named("mail.send", "shop.report")) == {mail, report}
    assert Job.objects.in_queues(["reports", "nothing"]).get() == report
    assert set(Job.objects.in_queues(name for name in ("mail", "reports"))) == {mail, report}


def test_a_handler_may_stand_for_its_name():
    job = echo.enqueue()
    assert list(Job.objects.named(echo, "tests.add")) == [job]


def test_questions_can_be_put_together():
    wanted = JobFactory(failed=True, queue_name="mail", owner="shop:1")
    JobFactory(failed=True, queue_name="mail"), JobFactory(queue_name="mail", owner="shop:1")
    assert Job.objects.failed().in_queues(["mail"]).owned_by("shop:1").get() == wanted


def test_jobs_are_found_by_whose_they_are():
    user, other = (get_user_model().objects.create(username=name) for name in ("zoe", "max"))
    job = JobFactory(owner=f"auth.user:{user.pk}")
    nobodys = JobFactory()
    assert Job.objects.owned_by(user).get() == job
    assert Job.objects.owned_by(SimpleLazyObject(lambda: user)).get() == job
    assert not Job.objects.owned_by(other).exists()
    assert Job.objects.owned_by(None).get() == nobodys


def test_a_proxy_owns_what_its_model_owns():
    class Customer(get_user_model()):  # type: ignore[misc]
        class Meta:
            proxy = True
            app_label = "tests"

    assert owner_key(Customer(pk=7)) == owner_key(get_user_model()(pk=7)) == "auth.user:7"


@pytest.mark.parametrize("owner", [get_user_model()(), "x" * 201, "a\x00b"], ids=["unsaved", "long", "nul"])
def test_an_owner_that_no_row_can_name_is_refused(owner):
    with pytest.raises(InvalidOptions, match="owner="):
        owner_key(owner)


@pytest.mark.parametrize(
    "value", [7, 0, -1.5, "seven", "", "Zoë 'quoted' %s", True, False, None, [1, "a"], [], {"a": {"b": [1]}}, {}]
)
def test_jobs_are_found_by_an_arguments_value(value):
    job = JobFactory(kwargs={"value": value, "other": 1})
    for different in (8, "other", 1, [2], {"a": 1}, "True", "None"):
        JobFactory(kwargs={"value": different})
    JobFactory(kwargs={"other": value})
    assert Job.objects.with_arguments(value=value).get() == job


def test_every_given_argument_must_agree():
    job = JobFactory(kwargs={"a": 1, "b": 2})
    JobFactory(kwargs={"a": 1, "b": 3}), JobFactory(kwargs={"a": 1})
    assert Job.objects.with_arguments(a=1, b=2).get() == job
    assert Job.objects.with_arguments(a=1).with_arguments(b=2).get() == job
    assert Job.objects.with_arguments().count() == 3


@pytest.mark.parametrize("name", ["a__b", "id", "name__startswith", "exact", "with-dash", "a b", "Zoë"])
def test_an_arguments_name_is_never_taken_for_a_lookup(name):
    job = JobFactory(kwargs={name: "x"})
    JobFactory(kwargs={"a": {"b": "x"}})
    assert Job.objects.with_arguments(**{name: "x"}).get() == job


def test_jobs_are_found_by_when_they_were_made():
    now = timezone.now()
    old, young = JobFactory(created_at=now - HOUR), JobFactory(created_at=now)
    assert Job.objects.created_after(now).get() == young
    assert Job.objects.created_before(now).get() == old


def test_urgency_is_the_order_in_which_workers_claim():
    now = timezone.now()
    late, soon = JobFactory(run_after=now), JobFactory(run_after=now - HOUR)
    low, high = JobFactory(priority=-5, run_after=now - 9 * HOUR), JobFactory(priority=5, run_after=now + HOUR)
    assert list(Job.objects.by_urgency()) == [high, soon, late, low]


def test_the_newest_jobs_come_first_unless_asked_otherwise():
    jobs = JobFactory.create_batch(3)
    assert list(Job.objects.all()) == jobs[::-1]


class JobsElsewhere:
    """A router that keeps the jobs in a database of their own."""

    def db_for_write(self, model: type[models.Model], **hints: object) -> str | None:
        return "jobs" if model._meta.app_label == "django_jobs" else None


def test_a_router_may_say_where_the_jobs_are(settings):
    assert jobs_database() == jobs_database(JobLog) == "default"
    settings.DATABASE_ROUTERS = [JobsElsewhere()]
    assert jobs_database() == jobs_database(JobLog) == "jobs"
    assert Job.objects.all().db == JobLog.objects.all().db == "jobs"


def test_the_setting_says_it_before_any_router(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES, "queue", {})
    settings.DATABASE_ROUTERS = [JobsElsewhere()]
    settings.JOBS = {"DATABASE": "queue"}
    assert Job.objects.pending().db == "queue"
