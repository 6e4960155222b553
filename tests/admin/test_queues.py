"""The list of queues, and pausing one."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_jobs.models import Queue
from django_jobs.testing import run_jobs
from tests.admin.conftest import logged_in, told, url
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db

LIST = url("queue_changelist")
STEER = url("queue_steer")


def found(pattern, page):
    match = re.search(pattern, page, re.DOTALL)
    assert match is not None, pattern
    return match


def paused():
    return set(Queue.objects.paused().values_list("name", flat=True))


def row_of(name, page):
    return found(rf'value="{name}" aria-label="{name}">(.*?)</tr>', page)[1]


def test_every_queue_is_listed_though_it_has_no_row(admin):
    JobFactory.create_batch(3, queue_name="mail")
    page = admin.get(LIST).content.decode()
    row = row_of("mail", page)
    assert re.search(r"field-depth[^>]*>3<", row)
    assert 'name="pause"' in row
    assert not Queue.objects.exists()


def test_a_button_pauses_its_queue_and_another_resumes_it(admin):
    JobFactory(queue_name="mail")
    JobFactory(queue_name="other")
    response = admin.post(STEER, {"pause": "mail"}, follow=True)
    assert told(response) == ["Paused: mail"]
    assert paused() == {"mail"}
    assert 'name="resume"' in row_of("mail", response.content.decode())
    response = admin.post(STEER, {"resume": "mail"}, follow=True)
    assert told(response) == ["Resumed: mail"]
    assert not paused()


@pytest.mark.parametrize(("since", "shown"), [(timedelta(minutes=7), "7 min"), (timedelta(hours=3, minutes=5), "3 h")])
def test_how_long_a_queue_has_been_paused_is_told_in_its_largest_unit(admin, since, shown):
    Queue.objects.create(name="mail", paused_at=timezone.now() - since)
    assert f"for {shown}</td>" in row_of("mail", admin.get(LIST).content.decode())


def test_a_paused_queue_holds_its_jobs_until_it_is_resumed(admin):
    job = JobFactory(queue_name="mail")
    admin.post(STEER, {"pause": "mail"})
    run_jobs()
    job.refresh_from_db()
    assert job.status == "pending"
    admin.post(STEER, {"resume": "mail"})
    run_jobs()
    job.refresh_from_db()
    assert job.status == "completed"


def test_the_ticked_queues_are_paused_together(admin):
    response = admin.post(STEER, {"pause": "", "name": ["mail", "other"]}, follow=True)
    assert told(response) == ["Paused: mail, other"]
    assert paused() == {"mail", "other"}


def test_a_button_of_a_row_leaves_the_ticked_ones_alone(admin):
    admin.post(STEER, {"pause": "mail", "name": ["other"]})
    assert paused() == {"mail"}


@pytest.mark.parametrize(
    "form", [{}, {"resume": "mail"}, {"pause": ""}, {"pause": "x" * 101}, {"pause": "a\x00b"}, {"other": "mail"}]
)
def test_what_leads_nowhere_changes_nothing_and_says_so(admin, form):
    assert told(admin.post(STEER, form, follow=True)) == ["Nothing was changed."]
    assert not Queue.objects.exists()


def test_who_paused_a_queue_is_in_its_history(admin):
    admin.post(STEER, {"pause": "mail/1_a"})
    admin.post(STEER, {"resume": "mail/1_a"})
    notes = LogEntry.objects.order_by("id").values_list("user__username", "object_id", "change_message")
    assert list(notes) == [("ann", "mail/1_a", "Paused"), ("ann", "mail/1_a", "Resumed")]
    admin.post(STEER, {"pause": "mail/1_a"})
    history = found(r'href="([^"]+/history/)"', admin.get(LIST).content.decode())
    assert "Resumed" in admin.get(history[1]).content.decode()


def test_seeing_and_pausing_are_permissions_of_their_own():
    JobFactory(queue_name="mail")
    staff = logged_in("view_queue")
    page = staff.get(LIST).content.decode()
    assert "mail" in page
    assert "<button" not in page.partition("content-main")[2]
    assert staff.post(STEER, {"pause": "mail"}).status_code == 403
    assert not paused()


def test_without_permission_there_is_no_list():
    assert logged_in("view_job", "view_worker").get(LIST).status_code == 403


def test_who_may_pause_does(admin):
    Client().logout()
    from django.contrib.auth.models import Permission, User

    user = User.objects.create_user("bea", password="secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_queue", "pause_queue"]))
    client = Client()
    client.force_login(user)
    client.post(STEER, {"pause": "mail"})
    assert paused() == {"mail"}


def test_pausing_takes_a_post_with_a_token(admin):
    assert admin.get(STEER).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin.cookies
    assert strict.post(STEER, {"pause": "mail"}).status_code == 403
    assert not paused()


def test_a_queue_is_neither_added_nor_changed_nor_deleted_by_hand(admin):
    Queue.objects.pause("mail")
    assert admin.get(url("queue_add")).status_code == 403
    assert admin.post(url("queue_change", "mail"), {}).status_code == 403
    assert admin.get(url("queue_delete", "mail")).status_code == 403
    assert admin.get(url("queue_change", "mail")).status_code == 200


def test_the_queues_are_listed_with_the_same_few_questions(admin):
    def count():
        with CaptureQueriesContext(connection) as queries:
            admin.get(LIST)
        # MariaDB takes the steps along the queues one by one
        return len([query for query in queries if "AND queue_name >" not in query["sql"]])

    JobFactory(queue_name="mail")
    count()
    few = count()
    for number in range(8):
        JobFactory(queue_name=f"queue{number}", priority=number)
        JobFactory(running=True, queue_name=f"lane{number}")
    assert count() == few <= 12


def test_html_in_the_name_of_a_queue_is_shown_harmless(admin):
    evil = "<img src=x onerror=alert(1)>"
    JobFactory(queue_name=evil)
    admin.post(STEER, {"pause": evil})
    assert evil not in admin.get(LIST).content.decode()
    assert paused() == {evil}
