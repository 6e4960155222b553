"""Mails through jobs."""

import json
from email.mime.image import MIMEImage

import django
import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.utils.translation import gettext_lazy

from django_jobs import InvalidArguments, PayloadTooLarge
from django_jobs.contrib.email import JobEmailBackend
from django_jobs.contrib.email.packing import pack, unpack
from django_jobs.models import Job
from django_jobs.states import JobStatus
from django_jobs.testing import run_jobs

pytestmark = pytest.mark.django_db

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")


@pytest.fixture(autouse=True)
def _installed(install, send_through_jobs):
    install("django_jobs.contrib.email")
    send_through_jobs("django.core.mail.backends.locmem.EmailBackend")


def full_mail() -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        gettext_lazy("Hello"), "Grüße", "Shop <shop@example.com>", ["a@example.com"],
        bcc=["b@example.com"], cc=["c@example.com"], reply_to=["d@example.com"], headers={"X-Number": "7"},
    )  # fmt: skip
    message.attach_alternative("<p>Grüße</p>", "text/html")
    message.attach("note.txt", "Zeile eins\nZeile zwei", "text/plain")
    message.attach("pixel.gif", PIXEL, "image/gif")
    message.attach("old.eml", EmailMessage("Before", "text", to=["x@example.com"]), "message/rfc822")
    return message


def as_sent(message: EmailMessage) -> str:
    """Return a mail's text without what differs each time it is built."""
    built = message.message()
    for number, part in enumerate(built.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"part{number}")
        for header in ("Message-ID", "Date"):
            del part[header]
    return built.as_string()


def test_a_mail_becomes_a_job_and_the_job_sends_it(mailoutbox):
    assert mail.send_mail("Hello", "text", None, ["a@example.com"], html_message="<p>text</p>") == 1
    assert not mailoutbox
    (job,) = run_jobs()
    assert (job.name, job.status, job.result) == ("send-email", JobStatus.COMPLETED, {"sent": 1})
    assert (job.kwargs["to"], job.kwargs["subject"]) == (["a@example.com"], "Hello")
    assert (mailoutbox[0].subject, mailoutbox[0].body) == ("Hello", "text")


def test_a_mail_with_everything_arrives_as_it_was_written(mailoutbox):
    message = full_mail()
    message.send()
    run_jobs()
    assert as_sent(mailoutbox[0]) == as_sent(message)
    assert mailoutbox[0].bcc == ["b@example.com"]
    assert mailoutbox[0].attachments[1].content == PIXEL


def test_a_mail_in_html_alone_keeps_its_kind(mailoutbox):
    message = EmailMessage("Hello", "<p>x</p>", to=["a@example.com"])
    message.content_subtype = "html"
    message.encoding = "iso-8859-1"
    message.send()
    run_jobs()
    assert as_sent(mailoutbox[0]) == as_sent(message)


@pytest.mark.skipif(django.VERSION >= (6, 0), reason="Django 6.0 attaches parts of another class")
def test_an_inline_picture_keeps_its_headers():
    message = EmailMultiAlternatives("Hello", "x", to=["a@example.com"])
    picture = MIMEImage(PIXEL)
    picture.add_header("Content-ID", "<pixel>")
    message.attach(picture)
    assert as_sent(unpack(pack(message))) == as_sent(message)


@pytest.mark.skipif(django.VERSION < (6, 0), reason="Django before 6.0 attaches parts of another class")
def test_an_inline_part_keeps_its_headers():
    from email.message import MIMEPart

    message = EmailMultiAlternatives("Hello", "x", to=["a@example.com"])
    part = MIMEPart()
    part.set_content(PIXEL, maintype="image", subtype="gif", disposition="inline", cid="<pixel>")
    message.attach(part)
    assert as_sent(unpack(pack(message))) == as_sent(message)


def test_a_packed_mail_is_json():
    packed = pack(full_mail())
    assert json.loads(json.dumps(packed)) == packed


def test_both_deliveries_of_one_job_have_one_message_id():
    packed = pack(full_mail())
    ids = {unpack(packed).message()["Message-ID"] for _ in range(2)}
    assert len(ids) == 1
    assert None not in ids


def test_a_message_id_of_ones_own_is_kept():
    message = EmailMessage("Hello", "x", to=["a@example.com"], headers={"message-id": "<1@example.com>"})
    assert unpack(pack(message)).message()["Message-ID"] == "<1@example.com>"


def test_what_a_mail_service_put_on_the_mail_is_kept(mailoutbox):
    message = EmailMessage("Hello", "x", to=["a@example.com"])
    message.tags = ["welcome"]  # type: ignore[attr-defined]
    message.send()
    run_jobs()
    assert mailoutbox[0].tags == ["welcome"]


@pytest.mark.django_db(transaction=True)
def test_a_mail_of_a_transaction_that_rolls_back_is_never_sent():
    with transaction.atomic():
        mail.send_mail("Hello", "text", None, ["a@example.com"])
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_many_mails_are_enqueued_in_one_round_trip(django_assert_max_num_queries):
    messages = [EmailMessage("Hello", "x", to=[f"{number}@example.com"]) for number in range(50)]
    with django_assert_max_num_queries(5):
        assert JobEmailBackend().send_messages([*messages, EmailMessage("to nobody", "x")]) == 50
    assert Job.objects.count() == 50


def test_a_line_break_in_a_header_is_refused_where_the_mail_is_sent():
    with pytest.raises(ValueError, match=r"(?i)newline|linefeed"):
        mail.send_mail("Hello\nBcc: all@example.com", "text", None, ["a@example.com"])
    assert not Job.objects.exists()


def test_attachments_over_the_limit_are_refused(settings):
    settings.JOBS = {**settings.JOBS, "MAX_PAYLOAD": 1000}
    message = EmailMessage("Hello", "x", to=["a@example.com"])
    message.attach("big.bin", bytes(2000), "application/octet-stream")
    with pytest.raises(PayloadTooLarge):
        message.send()


def test_failing_silently_leaves_out_what_cannot_be_kept(settings, caplog):
    settings.JOBS = {**settings.JOBS, "MAX_PAYLOAD": 2000}
    big = EmailMessage("Big", "x" * 3000, to=["a@example.com"])
    small = EmailMessage("Small", "x", to=["a@example.com"])
    assert JobEmailBackend(fail_silently=True).send_messages([big, small]) == 1
    assert "cannot be kept as a job" in caplog.text
    assert Job.objects.get().kwargs["subject"] == "Small"


def test_a_mail_that_builds_itself_is_refused():
    class Sealed(EmailMessage):
        def message(self, **options):
            return super().message(**options)

    with pytest.raises(InvalidArguments, match="Sealed makes its own message"):
        JobEmailBackend().send_messages([Sealed("Hello", "x", to=["a@example.com"])])


def test_a_mail_server_that_is_down_is_tried_again(send_through_jobs, mailoutbox, down_twice):
    send_through_jobs(down_twice)
    mail.send_mail("Hello", "text", None, ["a@example.com"])
    jobs = run_jobs(scheduled=True)
    assert [(job.status, job.attempts) for job in jobs] == [(JobStatus.COMPLETED, 3)]
    assert len(mailoutbox) == 1
