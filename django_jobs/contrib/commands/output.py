"""What a command prints, as log lines."""

from __future__ import annotations

import io
from collections import deque

from ...attempt import current_job
from ...texts import storable_text

LONGEST_LINE = 2000


class LogLines(io.TextIOBase):
    """A stream that logs each line with the job once it is whole, and keeps the last ones."""

    def __init__(self, level: int, kept: deque[str]) -> None:
        self.level = level
        self.kept = kept
        self._begun = ""

    def writable(self) -> bool:
        """Say that this stream takes text."""
        return True

    def write(self, text: str, /) -> int:
        """Take text; what follows its last line break waits for the rest."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._keep(line)
        return len(text)

    def close(self) -> None:
        """Log what no line break ended."""
        if self._begun:
            self._keep(self._begun)
            self._begun = ""
        super().close()

    def _keep(self, line: str) -> None:
        written = storable_text(line, LONGEST_LINE)
        self.kept.append(written)
        if current_job and written:
            current_job.log.log(self.level, "%s", written)
