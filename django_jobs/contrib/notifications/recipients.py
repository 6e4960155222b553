"""Who gets a notification."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ...exceptions import Fail


def find_user(user_id: int | str) -> Any:
    """Return a user by primary key; fail the job when there is none."""
    users = get_user_model()._default_manager
    try:
        return users.get(pk=user_id)
    except (get_user_model().DoesNotExist, ValueError, TypeError, ValidationError):
        raise Fail(f"There is no user {user_id!r}.") from None


def find_recipients(to: str | list[str] | None, user: Any) -> list[str]:
    """Return the addresses given, or the user's; fail the job at one that is no address."""
    given: Any = to or _address_of(user)
    addresses = [given] if isinstance(given, str) and given else given
    if not addresses or not isinstance(addresses, list):
        raise Fail("There is nobody to write to: give `to`, or the `user_id` of a user who has an address.")
    for address in addresses:
        _check_address(address)
    return addresses


def _address_of(user: Any) -> str:
    return "" if user is None else str(getattr(user, user.get_email_field_name(), "") or "")


def _check_address(address: Any) -> None:
    try:
        validate_email(parseaddr(address)[1] if isinstance(address, str) else "")
    except ValidationError:
        raise Fail(f"{address!r} is no mail address.") from None
