"""A mail as JSON, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import Message
from email.mime.base import MIMEBase
from email.utils import make_msgid
from typing import Any

import django
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.utils import DNS_NAME

from ...exceptions import InvalidArguments

LISTS = ("to", "cc", "bcc", "reply_to")
TEXTS = ("subject", "body", "from_email", "content_subtype")
KNOWN = {*LISTS, *TEXTS, "encoding", "extra_headers", "alternatives", "attachments", "connection", "sent_using"}

HAS_MIME_PARTS = django.VERSION >= (6, 0)


def pack(message: EmailMessage) -> dict[str, Any]:
    """Return a mail as JSON values; raise `InvalidArguments` for one that builds itself in its own way.

    Attributes that a mail service's package put on the mail are kept too, so far as JSON can hold them.
    """
    if type(message).message is not EmailMessage.message:
        raise InvalidArguments(f"A {type(message).__qualname__} makes its own message(), which a job cannot keep.")
    message.message()  # refuses what is no header, here where the mail was written
    return {
        **{name: str(getattr(message, name)) for name in TEXTS},
        **{name: [str(address) for address in getattr(message, name)] for name in LISTS},
        "encoding": None if message.encoding is None else str(message.encoding),
        "headers": _with_id({name: str(value) for name, value in message.extra_headers.items()}),
        "alternatives": [[str(content), mimetype] for content, mimetype in getattr(message, "alternatives", [])],
        "attachments": [_pack_attachment(attachment) for attachment in message.attachments],
        "attributes": {name: value for name, value in vars(message).items() if _is_extra(name, value)},
    }


def unpack(packed: Mapping[str, Any]) -> EmailMultiAlternatives:
    """Return the mail that `pack` was given."""
    message = EmailMultiAlternatives(headers=packed["headers"])
    for name in (*TEXTS, *LISTS):
        setattr(message, name, packed[name])
    if packed["encoding"] is not None:
        message.encoding = packed["encoding"]
    for content, mimetype in packed["alternatives"]:
        message.attach_alternative(content, mimetype)
    for attachment in packed["attachments"]:
        _unpack_attachment(message, attachment)
    for name, value in packed["attributes"].items():
        setattr(message, name, value)
    return message


def _is_extra(name: str, value: Any) -> bool:
    return not (name in KNOWN or name.startswith("_") or value is None)


def _with_id(headers: dict[str, str]) -> dict[str, str]:
    if any(name.lower() == "message-id" for name in headers):
        return headers
    return {**headers, "Message-ID": make_msgid(domain=str(DNS_NAME))}


def _pack_attachment(attachment: Any) -> dict[str, Any]:
    if isinstance(attachment, Message):
        return {"part": _in_base64(attachment.as_bytes())}
    filename, content, mimetype = attachment
    named = {"filename": filename, "mimetype": mimetype}
    if isinstance(content, str):
        return {**named, "text": content}
    if isinstance(content, EmailMessage):
        content = content.message()
    return {**named, "base64": _in_base64(content.as_bytes() if isinstance(content, Message) else content)}


def _unpack_attachment(message: EmailMessage, packed: Mapping[str, Any]) -> None:
    if "part" in packed:
        message.attach(_part(b64decode(packed["part"])))
    else:
        content = packed["text"] if "text" in packed else b64decode(packed["base64"])
        message.attach(packed["filename"], content, packed["mimetype"])


def _part(raw: bytes) -> Any:
    """Return a part as this version of Django attaches it."""
    if HAS_MIME_PARTS:
        return message_from_bytes(raw, policy=policy.default)
    parsed = message_from_bytes(raw)
    part = MIMEBase(parsed.get_content_maintype(), parsed.get_content_subtype())
    for name in part.keys():  # noqa: SIM118 - a Message is no dict: iterating over it yields numbers
        del part[name]
    for name, value in parsed.items():
        part[name] = value
    part.set_payload(parsed.get_payload())
    return part


def _in_base64(content: bytes) -> str:
    return b64encode(content).decode()
