"""A notification's text, from templates."""

from __future__ import annotations

import re
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string

from ...exceptions import Fail

FOLDER = "django_jobs/notifications"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

NEEDED = {"password-reset": ("reset_url",), "newsletter": ("subject", "text")}
"""What the shipped templates cannot do without."""


def write_letter(template: str, data: dict[str, Any], recipients: list[str], user: Any) -> EmailMultiAlternatives:
    """Return a mail, ready to be sent; fail the job when it cannot be written."""
    context = _context(template, data, user)
    subject = " ".join(_rendered(template, "subject.txt", context).split())
    letter = EmailMultiAlternatives(subject, _rendered(template, "txt", context), to=recipients)
    html = _rendered(template, "html", context, is_optional=True)
    if html:
        letter.attach_alternative(html, "text/html")
    return letter


def _context(template: str, data: dict[str, Any], user: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Fail(f"The data must be a dict by name, not {type(data).__name__}.")
    context = {**data, "user": user}
    if template == "password-reset" and user is not None and "site_url" in data:
        context["reset_url"] = _reset_url(user, data["site_url"])
    missing = [name for name in NEEDED.get(template, ()) if not context.get(name)]
    if missing:
        raise Fail(f"The template {template!r} needs {' and '.join(missing)} in its data.")
    return context


def _reset_url(user: Any, site_url: str) -> str:
    from django.contrib.auth.tokens import default_token_generator
    from django.urls import NoReverseMatch, reverse
    from django.utils.encoding import force_bytes
    from django.utils.http import urlsafe_base64_encode

    proof = {
        "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
    }
    try:
        return site_url.rstrip("/") + reverse("password_reset_confirm", kwargs=proof)
    except NoReverseMatch:
        raise Fail("No URL is named 'password_reset_confirm': give reset_url in the data.") from None


def _rendered(template: str, kind: str, context: dict[str, Any], *, is_optional: bool = False) -> str:
    if not NAME.fullmatch(template):
        raise Fail(f"{template!r} is no name of a template: use letters, digits, - and _.")
    path = f"{FOLDER}/{template}.{kind}"
    try:
        return render_to_string(path, context)
    except TemplateDoesNotExist as error:
        # a template that extends or includes a missing one is broken, not absent
        if is_optional and str(error) == path:
            return ""
        raise Fail(f"The template {error} does not exist.") from None
