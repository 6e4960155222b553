"""The independent record: a file that every process of a trial appends to, and syncs line by line.

It never asks the database. A line is one `write` to a descriptor opened with O_APPEND, so that lines of many
processes do not mix, and a killed process leaves a whole line or none.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

WHERE = "CHAOS_JOURNAL"
"""The environment variable that names the file."""


@cache
def _descriptor(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def note(what: str, **said: Any) -> None:
    """Append a line and return once the disk has it."""
    line = json.dumps({"what": what, "at": time.time(), "by": os.getpid(), **said}) + "\n"
    descriptor = _descriptor(os.environ[WHERE])
    os.write(descriptor, line.encode())
    os.fsync(descriptor)


@dataclass(frozen=True)
class Line:
    """One thing that was said: what, when, by which process, and the rest."""

    what: str
    at: float
    by: int
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def job(self) -> str:
        return str(self.said["job"])


class Record:
    """All that was said, sorted by what it is."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines: dict[str, list[Line]] = defaultdict(list)
        for line in sorted(lines, key=lambda line: line.at):
            self._lines[line.what].append(line)

    def lines(self, what: str) -> list[Line]:
        return self._lines[what]

    def jobs(self, what: str) -> set[str]:
        return {line.job for line in self._lines[what]}


def read(path: Path) -> Record:
    """Read a journal; a line that is not whole is a fault of the harness and raises."""
    return Record(list(_lines_of(path)))


def _lines_of(path: Path) -> Iterator[Line]:
    for text in path.read_text().splitlines():
        said = json.loads(text)
        yield Line(said.pop("what"), said.pop("at"), said.pop("by"), said)
