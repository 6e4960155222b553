"""The newsletter, sent by the `email-notification` handler of `django_jobs.contrib.notifications`."""

from __future__ import annotations

import django_jobs
from django_jobs.exceptions import UnknownHandler
from django_jobs.models import Job

from .models import Customer

HANDLER = "email-notification"


def send(subject: str, text: str) -> list[Job]:
    """Enqueue a mail to each customer who takes the newsletter; nothing when the handler is not installed."""
    readers = Customer.objects.filter(takes_newsletter=True)
    try:
        return [_send_one(reader, subject, text) for reader in readers]
    except UnknownHandler:
        return []


def _send_one(reader: Customer, subject: str, text: str) -> Job:
    data = {"name": reader.name, "subject": subject, "text": text}
    return django_jobs.enqueue(HANDLER, {"to": reader.email, "template": "newsletter", "data": data})
