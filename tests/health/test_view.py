"""The page for load balancers and monitors."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connection
from django.urls import path

from django_jobs.contrib.health import HealthView

pytestmark = pytest.mark.django_db

urlpatterns = [
    path("health/", HealthView.as_view()),
    path("secret/", HealthView.as_view(token="s3cret")),
    path("strict/", HealthView.as_view(min_workers=2, max_latency="1s")),
]


@pytest.fixture(autouse=True)
def _urls(settings):
    settings.ROOT_URLCONF = __name__


def test_a_stranger_learns_the_word_and_no_more(client, make_worker):
    make_worker()
    response = client.get("/health/")
    assert (response.status_code, response.json()) == (200, {"status": "healthy"})
    assert "no-store" in response["Cache-Control"]


def test_degraded_is_still_200(client):
    response = client.get("/health/")
    assert (response.status_code, response.json()) == (200, {"status": "degraded"})


def test_unhealthy_is_503(client, make_job):
    make_job()
    response = client.get("/health/")
    assert (response.status_code, response.json()) == (503, {"status": "unhealthy"})


def test_a_probe_may_ask_by_head_but_not_post(client):
    assert client.head("/health/").status_code == 200
    assert client.post("/health/").status_code == 405


def test_the_limits_are_the_sites_to_choose(client, make_worker):
    make_worker()
    assert client.get("/strict/").status_code == 503


@pytest.mark.parametrize(
    ("fields", "permission", "sees"),
    [
        ({"is_staff": True}, True, True),
        ({"is_staff": True}, False, False),
        ({"is_staff": False}, True, False),
        ({"is_staff": True, "is_superuser": True}, False, True),
        ({"is_staff": True, "is_superuser": True, "is_active": False}, False, False),
    ],
)
def test_details_are_for_staff_who_may_view_jobs(client, fields, permission, sees):
    user = User.objects.create_user("ada", **fields)
    if permission:
        user.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(user)
    assert ("workers" in client.get("/health/").json()) is sees


@pytest.mark.parametrize(
    ("page", "header", "sees"),
    [
        ("/secret/", "Bearer s3cret", True),
        ("/secret/", "Bearer s3cre", False),
        ("/secret/", "Bearer ", False),
        ("/secret/", "s3cret", False),
        ("/secret/", "Bearer s3crét", False),
        ("/health/", "Bearer ", False),
        ("/health/", "Bearer s3cret", False),
    ],
)
def test_details_are_for_who_sends_the_token_that_was_set(client, page, header, sees):
    assert ("workers" in client.get(page, headers={"Authorization": header}).json()) is sees


def test_a_database_that_does_not_answer_is_unhealthy(client):
    def refuse(*_args):
        raise DatabaseError("gone")

    with connection.execute_wrapper(refuse):
        response = client.get("/health/")
    assert (response.status_code, response.json()) == (503, {"status": "unhealthy"})


def test_a_site_that_asks_for_login_everywhere_still_answers_a_probe(client, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert client.get("/health/").status_code == 200
