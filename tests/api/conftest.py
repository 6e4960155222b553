from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

pytest.importorskip("ninja", reason="django-ninja is not installed")

from ..handling import make_handler

__all__ = ["make_handler"]


@pytest.fixture(autouse=True)
def _urls(settings, db):
    settings.ROOT_URLCONF = "tests.api.urls"


class Caller(Client):
    """A browser whose user is logged in, and that speaks JSON."""

    def __init__(self, user: User | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.user = user
        if user is not None:
            self.force_login(user)

    def send(self, address: str, body: Any = None, **options: Any) -> Any:
        """Post a body as JSON."""
        return self.post(address, body, content_type="application/json", **options)


@pytest.fixture
def make_caller(db) -> Callable[..., Caller]:
    """Return a function that makes a user with permissions, and a browser for it."""

    def make(*codenames: str, is_staff: bool = True, **options: Any) -> Caller:
        user = User.objects.create_user(f"user{User.objects.count()}", is_staff=is_staff)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return Caller(user, **options)

    return make


@pytest.fixture
def staff(make_caller):
    """Return the browser of a person who may do everything with jobs."""
    return make_caller("view_job", "add_job", "cancel_job", "retry_job")


@pytest.fixture
def visitor(make_caller):
    """Return the browser of a person without any permission."""
    return make_caller(is_staff=False)


@pytest.fixture
def greet(make_handler):
    """Return a handler that takes jobs over HTTP."""

    def greet(who: str, times: int = 1) -> str:
        return f"Hello {who}! " * times

    return make_handler(greet, name="tests.greet", allow_api=True, queue_name="greetings")


@pytest.fixture
def internal(make_handler):
    """Return a handler that does not."""
    return make_handler(lambda: None, name="tests.internal")


@pytest.fixture
def answered() -> Callable[..., SimpleNamespace]:
    """Return a function that opens a refusal: its status, and its one sentence."""

    def open_up(response: Any) -> SimpleNamespace:
        told = response.json()
        assert list(told) == ["detail"]
        return SimpleNamespace(status=response.status_code, sentence=told["detail"])

    return open_up
