"""Rules of a project's own: one class, for everything that shows jobs."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_jobs.access import JobsAccess, jobs_access, of_visible, sees_all, visible
from django_jobs.models import Attempt, Job, JobEvent, JobLog
from django_jobs.querysets import owner_key

from ..factories import JobFactory
from . import rules

pytestmark = pytest.mark.django_db

NEEDED: dict[type, dict[str, Any]] = {
    Attempt: {"number": 1, "claim_token": 1, "outcome": "failed", "ended_at": timezone.now()},
    JobLog: {"message": "hello"},
    JobEvent: {"name": "sold"},
}


@pytest.fixture(autouse=True)
def _urls(settings):
    settings.ROOT_URLCONF = "tests.access.urls"


@pytest.fixture
def use(settings):
    """Return a function that chooses the rules of the site."""

    def choose(path):
        settings.JOBS = {**settings.JOBS, "ACCESS": path}

    return choose


@pytest.fixture
def root():
    return User.objects.create_superuser("root")


@pytest.fixture
def admin(root):
    client = Client()
    client.force_login(root)
    return client


def request_of(user):
    request = HttpRequest()
    request.user = user
    return request


def test_a_superuser_sees_all_until_a_rule_says_otherwise(root, use):
    assert sees_all(request_of(root))
    use("tests.access.rules.OwnOnly")
    assert not sees_all(request_of(root))


def test_a_rule_opens_jobs_to_everybody(use):
    use("tests.access.rules.Open")
    job, other = JobFactory(queue_name="open"), JobFactory()
    assert Client().get(reverse("django_jobs:state", args=[job.pk])).status_code == 200
    assert Client().get(reverse("django_jobs:state", args=[other.pk])).status_code == 404


def test_the_api_goes_by_the_rules_of_the_site(use, admin, root):
    pytest.importorskip("ninja", reason="django-ninja is not installed")
    own, other = JobFactory(owner=owner_key(root)), JobFactory()
    use("tests.access.rules.OwnOnly")
    assert [told["id"] for told in admin.get("/api/jobs").json()["jobs"]] == [str(own.pk)]
    assert admin.get(f"/api/jobs/{other.pk}").status_code == 404


def test_the_admin_lists_only_what_the_rules_show(use, admin, root):
    own, other = JobFactory(owner=owner_key(root)), JobFactory()
    use("tests.access.rules.OwnOnly")
    page = admin.get(reverse("admin:django_jobs_job_changelist")).content.decode()
    assert str(own.pk) in page
    assert str(other.pk) not in page


@pytest.mark.parametrize(("view", "args"), [("live", []), ("whole", ["kwargs"])])
def test_no_part_of_the_job_page_shows_more(use, admin, root, view, args):
    own, other = JobFactory(owner=owner_key(root)), JobFactory()
    use("tests.access.rules.OwnOnly")
    assert admin.get(reverse(f"admin:django_jobs_job_{view}", args=[own.pk, *args])).status_code == 200
    assert admin.get(reverse(f"admin:django_jobs_job_{view}", args=[other.pk, *args])).status_code == 404


def test_a_job_that_cannot_be_seen_cannot_be_steered(use, admin):
    job = JobFactory()
    use("tests.access.rules.OwnOnly")
    admin.post(reverse("admin:django_jobs_job_steer", args=[job.pk]), {"verb": "cancel"})
    action = {"action": "cancel_selected", "_selected_action": [str(job.pk)]}
    admin.post(reverse("admin:django_jobs_job_changelist"), action)
    job.refresh_from_db()
    assert job.status == "pending"


@pytest.mark.parametrize("model", [JobLog, JobEvent, Attempt])
def test_what_jobs_left_behind_is_as_visible_as_they_are(use, admin, root, model):
    own, other = (model.objects.create(job=JobFactory(owner=owner), **NEEDED[model]) for owner in (owner_key(root), ""))
    everything = model.objects.order_by("pk")
    assert list(of_visible(request_of(root), everything)) == [own, other]
    use("tests.access.rules.OwnOnly")
    assert list(of_visible(request_of(root), everything)) == [own]
    name = model._meta.model_name
    listed = admin.get(reverse(f"admin:django_jobs_{name}_changelist")).content.decode()
    assert reverse(f"admin:django_jobs_{name}_change", args=[own.pk]) in listed
    assert reverse(f"admin:django_jobs_{name}_change", args=[other.pk]) not in listed


def test_who_sees_all_is_asked_by_no_further_query(root, django_assert_num_queries):
    JobLog.objects.create(job=JobFactory(), message="hello")
    with django_assert_num_queries(1) as captured:
        list(of_visible(request_of(root), JobLog.objects.all()))
    assert "django_jobs_job" not in captured[0]["sql"].replace("django_jobs_joblog", "")


def test_a_request_without_any_user_sees_nothing():
    JobFactory(owner="")
    assert not visible(HttpRequest(), Job.objects.all()).exists()


def test_the_usual_rules_are_the_default(use):
    assert type(jobs_access()) is JobsAccess
    use("tests.access.rules.OwnOnly")
    assert type(jobs_access()) is rules.OwnOnly


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("tests.access.rules.Missing", "cannot be imported"),
        ("tests.nowhere.Access", "cannot be imported"),
        ("tests.access.rules.Unrelated", "no subclass of JobsAccess"),
        ("tests.access.rules.owner_key", "cannot be imported as a class"),
        ("Access", "cannot be imported"),
        (rules.OwnOnly, "cannot be imported"),
        (None, "cannot be imported"),
    ],
)
def test_a_class_that_cannot_be_used_is_an_error_of_the_checks(use, path, says):
    use(path)
    with pytest.raises(SystemCheckError) as error:
        call_command("check", tags=["django_jobs"])
    assert "django_jobs.E003" in str(error.value)
    assert says in str(error.value)
