"""Site and worker side by side, for trying the shop on one's own machine."""

from __future__ import annotations

import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model

from . import children

HOST = "127.0.0.1"
PORTS = range(8000, 8050)


def free_port(host: str = HOST) -> int:
    """Return the first of our ports that nobody uses."""
    for port in PORTS:
        if _is_free(host, port):
            return port
    raise OSError(f"No port from {PORTS.start} to {PORTS.stop - 1} of {host} is free.")


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def renew_admin(username: str = "admin") -> str:
    """Give the superuser of this name, made if need be, a new random password, and return it."""
    password = secrets.token_urlsafe(9)
    model = get_user_model()
    user, _ = model._default_manager.get_or_create(None, **{model.USERNAME_FIELD: username})
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.save()
    return password


@contextmanager
def signals_set(event: threading.Event) -> Iterator[None]:
    """Let the signals that end a process set an event instead, for a while."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: event.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(address: str) -> int:
    """Run site and worker until told to end, or until one of them ends; return the exit code."""
    ended = threading.Event()
    env = {"SHOP_BASE_URL": f"http://{address}"}
    with signals_set(ended):
        pair = [children.start("runserver", address, env=env), children.start("runjobs", env=env)]
        try:
            while not ended.wait(0.2) and all(child.poll() is None for child in pair):
                pass
            fallen = [child.returncode for child in pair if child.returncode is not None]
        finally:
            for child in pair[::-1]:
                children.stop(child)
    return fallen[0] or 1 if fallen else 0
