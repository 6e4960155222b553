"""Mails through jobs: whatever calls `send_mail` enqueues, and a worker sends.

Add `django_jobs.contrib.email` to `INSTALLED_APPS`, and up to Django 6.0

    EMAIL_BACKEND = "django_jobs.contrib.email.JobEmailBackend"
    JOBS_EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"      # what really sends; this is the default

or with the MAILERS of Django 6.1

    MAILERS = {
        "default": {"BACKEND": "django_jobs.contrib.email.JobEmailBackend", "OPTIONS": {"mailer": "smtp"}},
        "smtp": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"host": "localhost"}},
    }

A mail belongs to the transaction it is sent in: one that rolls back sends nothing. Each mail is one job of the handler
`send-email`, tried again while the mail server is down. A mail may be sent twice if a worker dies right after
sending it; its Message-ID is made when it is enqueued, so that both are known to be one. Attachments are kept in the
job's row, within `MAX_PAYLOAD`. Who may view jobs may read the mails, until they are
pruned after `RETENTION`.
"""

from .backend import JobEmailBackend

__all__ = ["JobEmailBackend"]
