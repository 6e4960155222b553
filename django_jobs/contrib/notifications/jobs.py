"""The handler `email-notification`."""

from __future__ import annotations

from typing import Any

from ...handlers import job
from .letters import write_letter
from .recipients import find_recipients, find_user


@job("email-notification")
def email_notification(
    template: str,
    data: dict[str, Any] | None = None,
    to: str | list[str] | None = None,
    user_id: int | str | None = None,
) -> dict[str, Any]:
    """Send a mail made from templates to the addresses `to`, or to a user.

    Fails at once for what another attempt cannot mend: an unknown template, data that it needs and did not get, a
    wrong address, an unknown user. An error of the mail server is retried.
    """
    user = None if user_id is None else find_user(user_id)
    recipients = find_recipients(to, user)
    letter = write_letter(template, data or {}, recipients, user)
    return {"sent": letter.send(), "to": recipients, "subject": letter.subject}
