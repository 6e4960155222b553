"""What the OpenAPI document says is what the API does, whatever a program that read it sends."""

import pytest
from hypothesis import HealthCheck, Phase, settings

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
checks = pytest.importorskip("schemathesis.checks")
conformance = pytest.importorskip("schemathesis.specs.openapi.checks")

from django.core.signals import request_finished, request_started  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import close_old_connections  # noqa: E402

from django_jobs.api import build_api  # noqa: E402
from django_jobs.models import Job  # noqa: E402

from ..factories import JobFactory  # noqa: E402

CHECKS = (
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_schema_conformance,
)

document = build_api(namespace="described").get_openapi_schema(path_prefix="/jobs-api/")
schema = schemathesis.openapi.from_dict(document)
schema.app = get_wsgi_application()


@pytest.fixture
def _one_connection():
    """Let the application keep the test's own connection, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def session(_one_connection, staff, greet):
    """Return the headers of a person who may do everything, and leave jobs to find."""
    JobFactory.create_batch(3)
    token = "t" * 32
    cookies = f"sessionid={staff.cookies['sessionid'].value}; csrftoken={token}"
    return {"Cookie": cookies, "X-CSRFToken": token}


@schema.parametrize()
@settings(
    max_examples=40,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_described(case, session):
    if "job_id" in case.path_parameters:
        existing = Job.objects.order_by("?").first()
        case.path_parameters["job_id"] = str(existing.pk) if existing else case.path_parameters["job_id"]
    case.call_and_validate(headers=session, checks=CHECKS)
