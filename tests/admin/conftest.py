"""Who looks at the admin, and the addresses of its pages."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse


def url(view, *args):
    return reverse(f"admin:django_jobs_{view}", args=args)


def job_url(job):
    return url("job_change", job.pk)


def logged_in(*codenames, superuser=False, name="ann"):
    """Return the client of a staff member of this name with these permissions on jobs."""
    user = User.objects.create_user(name, password="secret", is_staff=True, is_superuser=superuser)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="django_jobs", codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(db):
    """Return the client of a superuser, named `ann`."""
    return logged_in(superuser=True)


def told(response):
    """Return the messages that a response shows, or would show next."""
    return [str(message) for message in response.context["messages"]]
