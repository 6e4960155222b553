"""Looking at handlers' processes from outside."""

import os
from pathlib import Path

from tests.waiting import wait_until


def lives(pid: int) -> bool:
    """Tell whether a process is there and not merely unburied."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def pid_said(path: Path, line: int = 0) -> int:
    """Wait for a handler to say in a file which process it runs in."""
    wait_until(lambda: path.exists() and path.read_text().count("\n") > line)
    return int(path.read_text().splitlines()[line].split()[-1])


def gone(pid: int) -> bool:
    """Wait until a process has ended."""
    assert pid != os.getpid()
    return wait_until(lambda: not lives(pid))
