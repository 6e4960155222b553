"""What the demo runs on: the site in a thread of this process, and a worker in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application

from .. import children

VAR = Path(settings.MEDIA_ROOT).parent
MAILS = VAR / "mail"


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: the terminal belongs to the demo."""


@contextmanager
def site() -> Iterator[str]:
    """Serve the site on a free port of this machine; yield its address."""
    server = make_server("127.0.0.1", 0, get_wsgi_application(), ThreadedWSGIServer, _QuietHandler)
    thread = threading.Thread(target=server.serve_forever, name="demo-site", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def worker(base_url: str, log: Path) -> Iterator[Popen[bytes]]:
    """Run `runjobs` with what it says going into a file; yield the process."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        arguments = ("runjobs", "--threads", "4", "--poll-interval", "0.5", "--noreload")
        child = children.start(*arguments, env={"SHOP_BASE_URL": base_url}, output=output)
        try:
            yield child
        finally:
            children.stop(child)
