"""Running a job again as a copy, with its arguments or with others."""

import json

import pytest

from django_jobs.masking import MASK
from django_jobs.models import Job
from django_jobs.states import JobStatus
from tests.admin.conftest import logged_in, told, url
from tests.factories import JobFactory
from tests.handling import make_handler

__all__ = ["make_handler"]

pytestmark = pytest.mark.django_db


def submit(client, job, kwargs, **more):
    text = kwargs if isinstance(kwargs, str) else json.dumps(kwargs)
    return client.post(url("job_again", job.pk), {"kwargs": text, **more}, follow=True)


def errors_of(response):
    return [error for errors in response.context["form"].errors.values() for error in errors]


def test_a_copy_with_other_arguments_points_to_its_origin(admin):
    job = JobFactory(failed=True, name="tests.add", kwargs={"a": 1}, owner="shop:1", priority=7, queue_name="mail")
    assert "&quot;a&quot;: 1" in admin.get(url("job_again", job.pk)).content.decode()
    response = submit(admin, job, {"a": 2, "b": 3})
    twin = Job.objects.get(copy_of=job)
    assert response.redirect_chain[-1][0] == url("job_change", twin.pk)
    assert told(response) == ["This job is a copy, enqueued just now."]
    assert (twin.status, twin.kwargs) == (JobStatus.PENDING, {"a": 2, "b": 3})
    assert (twin.owner, twin.priority, twin.queue_name) == ("shop:1", 7, "mail")
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert str(twin.pk) in admin.get(url("job_history", job.pk)).content.decode()
    assert twin.events.get().name == "by ann in the admin"
    assert "by ann in the admin" in admin.get(url("job_change", twin.pk)).content.decode()


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ("{", "Enter a valid JSON."),
        ("[1]", "Write a JSON object."),
        ({"a": 1, "c": 2}, "tests.add(): got an unexpected keyword argument 'c'"),
        ({}, "tests.add(): missing a required argument: 'a'"),
        ('{"a": NaN}', "tests.add: kwargs['a'] is nan, which JSON cannot hold; pass None or text."),
        ('{"a": "\\u0000"}', "contains a NUL character"),
        ({"a": "x" * 2_000_000}, "more than MAX_PAYLOAD"),
    ],
)
def test_arguments_are_refused_as_when_enqueued(admin, kwargs, said):
    job = JobFactory(failed=True, name="tests.add", kwargs={"a": 1})
    assert said in errors_of(submit(admin, job, kwargs))[0]
    assert Job.objects.count() == 1


def test_a_schema_is_asked_too(admin, make_handler):
    def handler(count: int) -> None: ...

    name = make_handler(handler, validate=True).name
    job = JobFactory(failed=True, name=name, kwargs={"count": 1})
    assert "count" in errors_of(submit(admin, job, {"count": "many"}))[0]
    submit(admin, job, {"count": "5"})
    assert Job.objects.get(copy_of=job).kwargs == {"count": 5}


def test_positional_arguments_can_be_edited(admin, make_handler):
    job = JobFactory(completed=True, name=make_handler(lambda a, /, *rest: None).name, args=[1, 2], kwargs={})
    submit(admin, job, {}, args="[3, 4, 5]")
    assert Job.objects.get(copy_of=job).args == [3, 4, 5]


def test_masked_arguments_are_kept_where_they_are_not_touched(admin, make_handler):
    def pay(token: str, amount: int, cards: list) -> None: ...

    handler = make_handler(pay, sensitive=["token", "cards.number"])
    job = JobFactory(
        failed=True, name=handler.name, kwargs={"token": "abcd", "amount": 1, "cards": [{"number": "4111"}]}
    )
    page = admin.get(url("job_again", job.pk)).content.decode()
    assert MASK in page
    assert "abcd" not in page
    shown = {"token": MASK, "amount": 2, "cards": [{"number": MASK}]}
    submit(admin, job, shown)
    twin = Job.objects.get(copy_of=job)
    assert twin.kwargs == {"token": "abcd", "amount": 2, "cards": [{"number": "4111"}]}
    refused = submit(admin, job, {**shown, "cards": [{"number": MASK}, {"number": MASK}]})
    assert "only be kept where it stood" in errors_of(refused)[0]
    submit(admin, job, {**shown, "token": "other"})
    assert Job.objects.filter(kwargs__token="other").exists()


def test_a_copy_without_changes_needs_no_handler_here(admin):
    job = JobFactory(failed=True, name="gone.away", kwargs={"a": True})
    assert "No handler is registered" in admin.get(url("job_again", job.pk)).content.decode()
    assert "gone.away" in errors_of(submit(admin, job, {"a": 1}))[0]
    submit(admin, job, {"a": True})
    assert Job.objects.get(copy_of=job).kwargs == {"a": True}


def test_only_a_finished_job_runs_again(admin):
    job = JobFactory(running=True)
    assert told(submit(admin, job, {})) == ["The job has not finished: there is nothing to run again."]
    assert Job.objects.count() == 1


def test_it_takes_the_permission_to_add_and_to_look():
    job = JobFactory(failed=True)
    client = logged_in("view_job")
    assert url("job_again", job.pk) not in client.get(url("job_change", job.pk)).content.decode()
    assert submit(client, job, {}).status_code == 403
    assert client.get(url("job_again", JobFactory.build().pk)).status_code == 404


@pytest.mark.parametrize(("state", "leads"), [("failed", True), ("completed", True), ("running", False)])
def test_the_page_of_a_finished_job_leads_there(admin, state, leads):
    job = JobFactory(**{state: True})
    assert (url("job_again", job.pk) in admin.get(url("job_change", job.pk)).content.decode()) == leads
