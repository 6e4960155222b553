"""The backend that enqueues."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from ...exceptions import InvalidArguments
from .jobs import send_email
from .packing import pack

logger = logging.getLogger("django_jobs.email")


class JobEmailBackend(BaseEmailBackend):
    """Make a job of each mail. `mailer` names the one of MAILERS that sends it; without, JOBS_EMAIL_BACKEND does."""

    def __init__(self, fail_silently: bool = False, *, mailer: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.is_silent = fail_silently
        self.mailer = mailer

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Enqueue the mails that have a recipient, all or none; return how many.

        Raise what building the mail raises, such as for a line break in a header, and `InvalidArguments` for a mail
        that cannot be kept; with `fail_silently` the latter is logged, and such a mail is left out.
        """
        calls = [self._call(message) for message in email_messages if message.recipients()]
        return len(send_email.enqueue_many(call for call in calls if call))

    def _call(self, message: EmailMessage) -> dict[str, Any] | None:
        try:
            call = {
                "to": message.recipients(),
                "subject": str(message.subject),
                "message": pack(message),
                "mailer": self.mailer,
            }
            if self.is_silent:
                send_email.bound((), call)  # or one mail would have them all refused
        except InvalidArguments:
            if not self.is_silent:
                raise
            logger.exception("a mail cannot be kept as a job, and is not sent")
            return None
        return call
