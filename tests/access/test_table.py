"""Who may do what to whose job: every role, every action, own and foreign jobs."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from django_jobs.models import Job
from django_jobs.querysets import owner_key

from ..factories import JobFactory
from ..handling import make_handler

pytest.importorskip("ninja", reason="django-ninja is not installed")

__all__ = ["make_handler"]

SEE = {"list", "get", "logs", "progress", "state", "fragment"}
STEER = {"cancel", "retry"}
EVERYTHING = SEE | STEER | {"create", "admin"}
CODENAMES = ["view_job", "add_job", "change_job", "delete_job", "cancel_job", "retry_job", "pause_queue", "stop_worker"]


@dataclass(frozen=True)
class Role:
    """Somebody, and what this one may do to an own and to a foreign job."""

    name: str
    own: frozenset[str]
    foreign: frozenset[str]
    codenames: tuple[str, ...] = ()
    is_staff: bool = True
    is_superuser: bool = False
    is_active: bool = True


def role(name, own=(), foreign=(), codenames=(), **options):
    return Role(name, frozenset(own), frozenset(foreign), tuple(codenames), **options)


OWNER = SEE | {"cancel"}

ROLES = [
    role("user", OWNER, is_staff=False),
    role("user with every permission", OWNER, (), CODENAMES, is_staff=False),
    role("inactive superuser", is_active=False, is_superuser=True),
    role("staff", OWNER),
    role("staff with view_job", OWNER | {"admin"}, SEE | {"admin"}, ["view_job"]),
    role("staff with add_job", OWNER | {"create"}, {"create"}, ["add_job"]),
    role("staff with cancel_job", OWNER, (), ["cancel_job"]),
    role("staff with retry_job", OWNER | {"retry"}, (), ["retry_job"]),
    role("staff with delete_job", OWNER, (), ["delete_job"]),
    role("staff with change_job", OWNER | {"admin"}, (), ["change_job"]),
    role("staff with pause_queue", OWNER, (), ["pause_queue"]),
    role("staff with stop_worker", OWNER, (), ["stop_worker"]),
    role("staff who sees and cancels", OWNER | {"admin"}, OWNER | {"admin"}, ["view_job", "cancel_job"]),
    role("staff who sees and retries", OWNER | {"admin", "retry"}, SEE | {"admin", "retry"}, ["view_job", "retry_job"]),
    role("staff with every permission", EVERYTHING, EVERYTHING, CODENAMES),
    role("superuser", EVERYTHING, EVERYTHING, is_superuser=True),
]


@pytest.fixture(autouse=True)
def _site(settings, db, make_handler):
    settings.ROOT_URLCONF = "tests.access.urls"
    make_handler(lambda: None, name="tests.open", allow_api=True)


def client_of(somebody):
    user = User.objects.create_user(
        "ann", is_staff=somebody.is_staff, is_superuser=somebody.is_superuser, is_active=True
    )
    permissions = Permission.objects.filter(content_type__app_label="django_jobs", codename__in=somebody.codenames)
    assert len(permissions) == len(somebody.codenames)
    user.user_permissions.set(permissions)
    client = Client()
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=somebody.is_active)
    return client, user


def do(client, action, job):
    """Return the status of the answer."""
    match action:
        case "cancel" | "retry":
            answer = client.post(f"/api/jobs/{job.pk}/{action}", content_type="application/json")
        case "create":
            answer = client.post("/api/jobs", {"name": "tests.open"}, content_type="application/json")
        case _:
            answer = client.get(address(action, job))
    if action == "list" and answer.status_code == 200 and not answer.json()["jobs"]:
        return 404
    return answer.status_code


def address(action, job):
    match action:
        case "list":
            return f"/api/jobs?name={job.name}"
        case "get":
            return f"/api/jobs/{job.pk}"
        case "logs" | "progress":
            return f"/api/jobs/{job.pk}/{action}"
        case "admin":
            return reverse("admin:django_jobs_job_change", args=[job.pk])
    return reverse(f"django_jobs:{action}", args=[job.pk])


def refusal(action, somebody, allowed):
    """Return how somebody is refused: what cannot be seen does not exist."""
    if not somebody.is_active:
        return {"admin": 302, "state": 404, "fragment": 404}.get(action, 401)
    if action == "admin":
        in_admin = somebody.is_staff and {"view_job", "change_job"} & {*somebody.codenames}
        return 302 if not somebody.is_staff or in_admin else 403
    return 403 if action == "create" or (action in STEER and "get" in allowed) else 404


@pytest.mark.parametrize("whose", ["own", "foreign"])
@pytest.mark.parametrize("somebody", ROLES, ids=lambda somebody: somebody.name)
def test_the_table(somebody, whose):
    client, user = client_of(somebody)
    owner = owner_key(user) if whose == "own" else "auth.user:0"
    allowed = getattr(somebody, whose)
    jobs = {action: JobFactory(owner=owner, failed=action == "retry") for action in EVERYTHING}
    before = {job.pk: job.status for job in jobs.values()}

    answered = {action: do(client, action, job) for action, job in jobs.items()}

    good = dict.fromkeys(allowed, 200) | ({"create": 201} if "create" in allowed else {})
    assert answered == {action: refusal(action, somebody, allowed) for action in EVERYTHING} | good
    changed = {job.pk for job in Job.objects.all() if before.get(job.pk) != job.status and job.name == "tests.echo"}
    assert changed == {jobs[action].pk for action in STEER & allowed}
    assert Job.objects.filter(name="tests.open").exists() == ("create" in allowed)


@pytest.mark.parametrize("action", sorted(EVERYTHING))
def test_anonymous_visitors_may_do_nothing(action):
    job = JobFactory(failed=action == "retry")
    assert do(Client(), action, job) == {"admin": 302, "state": 404, "fragment": 404}.get(action, 401)
    assert Job.objects.get().status == job.status


def test_every_permission_of_jobs_is_in_the_table():
    ours = Permission.objects.filter(content_type__app_label="django_jobs", content_type__model="job")
    assert {permission.codename for permission in ours} <= {*CODENAMES}
