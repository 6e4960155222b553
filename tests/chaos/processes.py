"""What the system knows of processes: who is whose child, and what each runs. Linux only."""

import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process that lives."""

    pid: int
    parent: int
    group: int
    command: str


def processes_of(group: int) -> dict[int, Process]:
    """Return the living processes of a process group."""
    return {process.pid: process for process in _living() if process.group == group}


def family_of(pid: int) -> list[int]:
    """Return a process and its children, whatever groups these have made for themselves."""
    return [process.pid for process in _living() if pid in {process.pid, process.parent}]


def _living() -> Iterator[Process]:
    found = (_read(path) for path in Path("/proc").iterdir() if path.name.isdigit())
    return (process for process in found if process is not None)


def _read(path: Path) -> Process | None:
    try:
        state, parent, group = (path / "stat").read_text().rpartition(")")[2].split()[:3]
        command = (path / "cmdline").read_text().replace("\0", " ")
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else Process(int(path.name), int(parent), int(group), command)


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to those that still live."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
