"""Management commands run as child processes, and ended politely."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20
"""How many seconds a child may take to stop."""


def start(*arguments: str, env: Mapping[str, str], output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start a management command.

    It gets a session of its own, so that Ctrl-C reaches only us, and we tell it to stop in our own time.
    """
    command = [sys.executable, "-m", "django", *arguments]
    return subprocess.Popen(  # noqa: S603 - the command is our own
        command,
        cwd=ROOT,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
    )


def stop(child: subprocess.Popen[bytes], patience: float = PATIENCE) -> int:
    """Ask a child to stop, make it stop after `patience` seconds, and return its exit code."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        code = child.wait(patience)
    except subprocess.TimeoutExpired:
        code = -signal.SIGKILL
    _sweep(child)
    child.wait()
    return code


def _sweep(child: subprocess.Popen[bytes]) -> None:
    # What is left in the child's session are processes of its own, such as those of a reloader.
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
