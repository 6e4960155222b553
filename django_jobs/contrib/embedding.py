"""Workers inside other processes: a script, an ASGI server, the development server.

    with running_worker():                                     # a script, a test, a notebook
        export.enqueue().wait()

    application = with_worker(get_asgi_application())          # asgi.py, for a server that speaks lifespan

    INSTALLED_APPS = [..., "django_jobs.contrib.runserver"]    # `manage.py runserver` runs jobs too

Such a worker shares its process with what else runs there: the interpreter's lock, the memory, a crash. A site with
much to do starts `manage.py runjobs` beside its server instead. A server with several processes has a worker in
each. Options are those of `Worker`; `MAX_JOBS` does not count here, where nobody would start the worker afresh.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from django.utils import autoreload

from .lifespan import ASGIApplication, Lifespan, Receive, Send

if TYPE_CHECKING:
    # not at run time: asgi.py imports this module before Django is set up
    from ..worker import Worker

LAST_SECONDS = 5.0
"""How long a development server that ends or reloads waits for its worker."""


class WorkerOptions(TypedDict, total=False):
    """What a `Worker` can be told; the settings say the rest."""

    concurrency: int
    poll_interval: float | timedelta
    shutdown_timeout: float | timedelta
    max_jobs: int
    drain: bool


def _worker(queue_names: Sequence[str], options: WorkerOptions) -> Worker:
    from ..worker import Worker

    told: WorkerOptions = {"max_jobs": 0, **options}
    return Worker(queue_names, **told)


@contextmanager
def running_worker(queue_names: Sequence[str] = (), **options: Unpack[WorkerOptions]) -> Iterator[Worker]:
    """Run jobs in the background of a block, and let running ones end after it."""
    worker = _worker(queue_names, options)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def with_worker(
    application: ASGIApplication, queue_names: Sequence[str] = (), **options: Unpack[WorkerOptions]
) -> ASGIApplication:
    """Wrap an ASGI application so that a worker starts and stops with its server.

    The application need not speak lifespan (Django's does not); the server must: uvicorn, hypercorn and granian do,
    daphne does not. Running jobs get `shutdown_timeout` to end when the server stops: keep it below the time that
    the server gets from what stops it.
    """

    async def wrapped(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await Lifespan(application, partial(_worker, queue_names, options)).run(scope, receive, send)
        else:
            await application(scope, receive, send)

    return wrapped


def start_with_runserver(queue_names: Sequence[str] = (), **options: Unpack[WorkerOptions]) -> Worker | None:
    """Start a worker if this is the process in which `manage.py runserver` serves; call it from `AppConfig.ready()`.

    Any other command, and the process that only watches files, start none. When code changes or the server ends,
    running jobs are given back, and run again. (Django kills a server that reloads a quarter of a second after Ctrl-C:
    a job that cannot be interrupted by then is rescued after `WORKER_TIMEOUT`.)
    """
    if not _serves_runserver():
        return None
    worker = _worker(queue_names, options)
    worker.start()
    atexit.register(worker.stop, LAST_SECONDS, hurry=True)
    _end_in_order_on_sigterm()
    sys.stderr.write("A worker runs jobs inside this server.\n")
    return worker


def _serves_runserver() -> bool:
    # a process that multiprocessing starts inherits sys.argv and the environment, but not what it was started with
    is_runserver = sys.argv[1:2] == ["runserver"] and "runserver" in sys.orig_argv
    return is_runserver and (os.environ.get(autoreload.DJANGO_AUTORELOAD_ENV) == "true" or "--noreload" in sys.argv)


def _end_in_order_on_sigterm() -> None:
    """Have SIGTERM run the exit handlers, as the autoreloader does by itself."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
