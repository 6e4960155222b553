"""What the list of workers tells of each, and asking one to stop."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from django_jobs.access import JobsAccess
from tests.admin.conftest import job_url, logged_in, told, url
from tests.factories import JobFactory, WorkerFactory

pytestmark = pytest.mark.django_db

LIST = url("worker_changelist")
BUTTON = 'form="jobs-stop"'


class NobodysAccess(JobsAccess):
    """Staff see no jobs."""

    def visible(self, request, jobs):
        return jobs.none()


def stop(client, *workers):
    form = {"action": "stop_selected", "_selected_action": [worker.pk for worker in workers]}
    return client.post(LIST, form, follow=True)


def page_of(client, worker):
    return client.get(url("worker_change", worker.pk)).content.decode()


def was_asked(worker):
    worker.refresh_from_db()
    return worker.stop_requested_at is not None


def test_a_worker_tells_how_busy_it_is_and_what_it_takes(admin):
    worker = WorkerFactory(busy=3, concurrency=8, memory=123, hostname="web1", pid=77, version="Django 5.2")
    for page in (admin.get(LIST).content.decode(), page_of(admin, worker)):
        assert "3 of 8" in page
        assert "123 MB" in page
        assert "Django 5.2" in page
    assert "web1" in page_of(admin, worker)
    assert "77" in page_of(admin, worker)


def test_a_worker_that_told_no_memory_shows_none(admin):
    WorkerFactory(memory=None)
    assert "MB" not in admin.get(LIST).content.decode().partition("result_list")[2]


def test_the_button_asks_a_worker_to_stop_and_goes(admin):
    worker, other = WorkerFactory(), WorkerFactory()
    page = page_of(admin, worker)
    assert BUTTON in page
    assert f'name="_selected_action" value="{worker.pk}"' in page
    assert 'name="action" value="stop_selected"' in page
    response = stop(admin, worker)
    assert told(response) == ["1 worker was asked to stop after its jobs. A supervisor will replace it."]
    assert was_asked(worker)
    assert not was_asked(other)
    assert "jobs-mark-stopping" in response.content.decode()
    assert BUTTON not in page_of(admin, worker)
    assert BUTTON not in page_of(admin, WorkerFactory(stopped=True))


def test_the_selected_workers_are_asked_to_stop(admin):
    workers = [WorkerFactory(), WorkerFactory(), WorkerFactory(stopped=True)]
    response = stop(admin, *workers)
    assert told(response) == ["2 workers were asked to stop after their jobs. A supervisor will replace them."]
    assert [was_asked(worker) for worker in workers] == [True, True, False]


def test_asking_one_that_has_stopped_changes_nothing_and_says_so(admin):
    worker = WorkerFactory(stopped=True)
    assert told(stop(admin, worker))[0].startswith("0 workers were asked")
    assert not was_asked(worker)
    assert not LogEntry.objects.exists()


def test_who_asked_is_in_the_history(admin):
    worker = WorkerFactory()
    stop(admin, worker)
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id, entry.change_message) == ("ann", str(worker.pk), "Asked to stop.")


def test_stopping_is_a_permission_of_its_own():
    staff, worker = logged_in("view_worker"), WorkerFactory()
    assert BUTTON not in page_of(staff, worker)
    assert "stop_selected" not in staff.get(LIST).content.decode()
    stop(staff, worker)
    assert not was_asked(worker)


def test_asking_takes_a_token(admin):
    worker = WorkerFactory()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin.cookies
    assert stop(strict, worker).status_code == 403
    assert not was_asked(worker)


def test_a_worker_does_not_name_jobs_that_the_user_may_not_see(settings):
    settings.JOBS = {**settings.JOBS, "ACCESS": "tests.admin.test_workers.NobodysAccess"}
    job = JobFactory(running=True, name="shop.secret")
    staff = logged_in("view_worker", "view_job")
    for page in (staff.get(LIST).content.decode(), page_of(staff, job.worker)):
        assert "shop.secret" not in page
        assert job_url(job) not in page
