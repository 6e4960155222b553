import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def hear_ctrl_c() -> None:
    """Have the child heed SIGINT also where these tests run in a shell's background, whose processes ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def start_child(child_environment, tmp_path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that starts Python in a group of its own, which ends with the test."""
    children: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"child{len(children)}.log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**child_environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - it takes no lock
            )
        children.append(child)
        return child

    yield start
    for number, child in enumerate(children):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        print((tmp_path / f"child{number}.log").read_text(encoding="utf-8", errors="replace"))
