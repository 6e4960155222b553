"""Cutting connections to the test database, as a restart of its server would."""

import gc
from contextlib import suppress
from typing import Any

from django.db import OperationalError, connection, connections

from django_jobs.worker import care
from tests.waiting import wait_until

OTHERS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
CUT = {"postgresql": "SELECT pg_terminate_backend(%s)", "mysql": "KILL %s"}


def cut_connections() -> set[int]:
    """Cut every connection but this thread's; return their numbers."""
    found = others()
    with connection.cursor() as cursor:
        for number in found:
            with suppress(OperationalError):  # it has ended by itself
                cursor.execute(CUT[connection.vendor], [number])
    return found


def cut_connections_for_good() -> set[int]:
    """Cut every connection but this thread's; return their numbers once they are gone, and their owners can know."""
    drivers = drivers_of_others()
    found = cut_connections()
    wait_until(lambda: not found & others())
    wait_until(lambda: all(map(care._was_spoken_to, drivers)))
    return found


def others() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(OTHERS[connection.vendor])
        return {number for (number,) in cursor.fetchall()}


def drivers_of_others() -> list[Any]:
    """Return the open connections of other threads, as the driver has them."""
    mine = connections["default"]
    wrappers = [each for each in gc.get_objects() if type(each) is type(mine) and each is not mine]
    name = mine.settings_dict["NAME"]
    return [each.connection for each in wrappers if each.connection is not None and each.settings_dict["NAME"] == name]
