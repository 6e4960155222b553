"""The handler `send-email`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import mail
from django.utils.module_loading import import_string

from ...handlers import job
from .packing import unpack

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@job("send-email")
def send_email(
    to: list[str],  # noqa: ARG001 - for people to see in the job, as the subject is
    subject: str,  # noqa: ARG001
    message: dict[str, Any],
    mailer: str | None = None,
) -> dict[str, int]:
    """Send a packed mail."""
    return {"sent": int(_connection(mailer).send_messages([unpack(message)]) or 0)}


def _connection(mailer: str | None) -> Any:
    if mailer is not None:
        return mail.mailers[mailer]
    return import_string(getattr(settings, "JOBS_EMAIL_BACKEND", SMTP))()
