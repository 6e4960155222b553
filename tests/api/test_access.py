"""Who may do what: nobody anything, until a rule says so."""

import importlib
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured

from django_jobs.models import Job
from django_jobs.querysets import owner_key
from django_jobs.states import JobStatus

from ..factories import JobFactory
from .conftest import Caller

JOBS = "/jobs-api/jobs"
NEW = {"name": "tests.greet", "arguments": {"who": "Ada"}}


def calls(caller, record, base: str = JOBS):
    """Call every address once."""
    return {
        "list": caller.get(base),
        "read": caller.get(f"{base}/{record.pk}"),
        "logs": caller.get(f"{base}/{record.pk}/logs"),
        "add": caller.send(base, NEW),
        "retry": caller.send(f"{base}/{record.pk}/retry"),
        "cancel": caller.send(f"{base}/{record.pk}/cancel"),
    }


def statuses(answers) -> dict[str, int]:
    return {name: response.status_code for name, response in answers.items()}


def test_who_is_not_logged_in_is_answered_401_everywhere(greet):
    record = JobFactory(failed=True)
    assert set(statuses(calls(Caller(), record)).values()) == {401}
    assert Job.objects.get().status == JobStatus.FAILED


def test_who_has_no_permission_sees_no_job_of_others(visitor, greet):
    answers = calls(visitor, JobFactory(owner="auth.user:0"))
    assert answers["list"].json() == {"jobs": [], "next": None, "looked_back_to": None}
    assert statuses(answers) == {"list": 200, "read": 404, "logs": 404, "add": 403, "retry": 404, "cancel": 404}


def test_permissions_without_being_staff_open_nothing(make_caller, greet):
    caller = make_caller("view_job", "add_job", "cancel_job", "retry_job", is_staff=False)
    assert statuses(calls(caller, JobFactory()))["read"] == 404
    assert not Job.objects.exclude(status=JobStatus.PENDING).exists()


@pytest.mark.parametrize(
    ("codename", "opened"),
    [("view_job", set()), ("cancel_job", {"cancel"}), ("retry_job", {"retry"}), ("add_job", {"add"})],
)
def test_each_permission_opens_its_own_operation(make_caller, greet, codename, opened):
    answers = calls(make_caller("view_job", codename), JobFactory(failed=True))
    refused = {name for name, status in statuses(answers).items() if status == 403}
    assert refused == {"add", "cancel", "retry"} - opened


def test_a_superuser_may_do_everything(greet):
    caller = Caller(User.objects.create_superuser("root"))
    answers = calls(caller, JobFactory(failed=True))
    assert statuses(answers) == {"list": 200, "read": 200, "logs": 200, "add": 201, "retry": 200, "cancel": 200}


def test_owners_see_and_cancel_their_own_jobs_and_no_more(visitor, greet):
    own, other = JobFactory(owner=owner_key(visitor.user)), JobFactory(owner="auth.user:0")
    answers = calls(visitor, own)
    assert statuses(answers) == {"list": 200, "read": 200, "logs": 200, "add": 403, "retry": 403, "cancel": 200}
    assert [told["id"] for told in answers["list"].json()["jobs"]] == [str(own.pk)]
    assert visitor.get(JOBS, {"owner": other.owner}).json()["jobs"] == []
    other.refresh_from_db()
    assert other.status == JobStatus.PENDING


def test_a_job_without_owner_belongs_to_nobody(visitor):
    assert visitor.get(f"{JOBS}/{JobFactory(owner='').pk}").status_code == 404


def test_a_user_who_was_deactivated_is_out(staff):
    User.objects.filter(pk=staff.user.pk).update(is_active=False)
    assert staff.get(JOBS).status_code == 401


def test_a_forged_request_is_refused(make_caller, greet, answered):
    caller = make_caller("view_job", "add_job", "cancel_job", "retry_job", enforce_csrf_checks=True)
    record = JobFactory(failed=True)
    for name, response in calls(caller, record).items():
        assert response.status_code == (403 if name in {"add", "cancel", "retry"} else 200)
    assert "CSRF" in answered(caller.send(JOBS, NEW)).sentence
    assert Job.objects.get().status == JobStatus.FAILED


def test_a_request_with_the_pages_csrf_token_is_taken(make_caller, greet):
    caller = make_caller("add_job", enforce_csrf_checks=True)
    caller.cookies["csrftoken"] = token = "t" * 32
    assert caller.send(JOBS, NEW, headers={"X-CSRFToken": token}).status_code == 201


@pytest.mark.parametrize("page", ["openapi.json", "docs"])
def test_the_description_is_for_staff(make_caller, visitor, page):
    assert make_caller().get(f"/jobs-api/{page}").status_code == 200
    assert visitor.get(f"/jobs-api/{page}").status_code == 403
    assert Caller().get(f"/jobs-api/{page}").status_code == 403


def test_rules_of_a_project_take_the_place_of_ours(visitor, greet, answered):
    told = visitor.send("/open/jobs", NEW).json()
    assert told["owner"] == owner_key(visitor.user)
    visitor.send(f"/open/jobs/{told['id']}/cancel")
    assert visitor.send(f"/open/jobs/{told['id']}/retry").json()["status"] == "pending"
    assert answered(visitor.send("/open/jobs", {"name": "tests.great"})).status == 403
    assert Caller().send("/open/jobs", NEW).status_code == 401


def test_an_authenticator_of_a_project_names_the_user(staff, greet):
    bearer = {"Authorization": f"Bearer {staff.user.username}"}
    stranger = Caller(enforce_csrf_checks=True)
    told = stranger.send("/tokens/jobs", NEW, headers=bearer).json()
    assert told["owner"] == owner_key(staff.user)
    assert stranger.send("/tokens/jobs", NEW, headers={"Authorization": "Bearer nobody"}).status_code == 401
    assert staff.send("/tokens/jobs", NEW).status_code == 401


def test_a_token_of_a_deactivated_user_opens_nothing(staff, greet):
    User.objects.filter(pk=staff.user.pk).update(is_active=False)
    bearer = {"Authorization": f"Bearer {staff.user.username}"}
    record = JobFactory(owner=owner_key(staff.user))
    assert Caller().get(f"/tokens/jobs/{record.pk}", headers=bearer).status_code == 404
    assert Caller().send("/tokens/jobs", NEW, headers=bearer).status_code == 403


def test_an_authenticator_that_finds_no_user_opens_nothing(staff, greet):
    word = {"Authorization": "Bearer word"}
    record = JobFactory()
    # the session of a person who may everything does not count where another authenticator answers
    assert staff.get(f"/words/jobs/{record.pk}", headers=word).status_code == 404
    assert staff.send("/words/jobs", NEW, headers=word).status_code == 403


def test_the_routes_work_inside_an_api_of_the_project(staff, visitor, greet):
    told = staff.send("/own/background/jobs", NEW).json()
    assert staff.get(f"/own/background/jobs/{told['id']}").json()["name"] == "tests.greet"
    assert visitor.get(f"/own/background/jobs/{told['id']}").status_code == 404
    assert Caller().get("/own/background/jobs").status_code == 401


def test_a_site_that_asks_for_login_everywhere_answers_with_json(settings, staff, greet):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert Caller().get(JOBS).status_code == 401
    bearer = {"Authorization": f"Bearer {staff.user.username}"}
    assert Caller().send("/tokens/jobs", NEW, headers=bearer).status_code == 201
    assert Caller().get("/jobs-api/docs").status_code == 403


def test_the_page_of_the_docs_loads_nothing_from_elsewhere_where_ninja_is_installed(staff, settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "ninja"]
    page = staff.get("/jobs-api/docs").content.decode()
    assert "/static/ninja/swagger-ui-bundle.js" in page
    assert 'src="http' not in page
    assert 'href="http' not in page


def test_without_django_ninja_the_import_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("django_jobs.api")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ninja", None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install django-jobs-queue\[api\]"):
        importlib.import_module("django_jobs.api")


def test_nothing_of_ours_needs_django_ninja_until_the_api_is_used(child_environment):
    code = "import django, sys; django.setup(); import django_jobs.admin; sys.exit('ninja' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=child_environment, check=False).returncode == 0
