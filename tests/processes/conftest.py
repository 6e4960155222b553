"""The server that forks handlers' processes, on this test's database."""

from collections.abc import Iterator
from multiprocessing import forkserver

import pytest

from django_jobs.worker.processes import _context
from tests.handling import make_handler, runjobs, set_jobs, start_worker

__all__ = ["make_handler", "runjobs", "set_jobs", "start_worker"]


@pytest.fixture(scope="session")
def _servers() -> Iterator[list[object]]:
    yield []
    stop_server()


def stop_server() -> None:
    """Have the next process start a new one; there is no public way to say that."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def fork_here(transactional_db: None, child_environment: dict[str, str], _servers: list[object]) -> None:
    """Start the server once, with the environment of a child: it loads the settings only once."""
    if _servers:
        return
    stop_server()
    with pytest.MonkeyPatch.context() as patch:
        for key, value in child_environment.items():
            patch.setenv(key, value)
        _context()
        forkserver.ensure_running()
    _servers.append(forkserver._forkserver)
