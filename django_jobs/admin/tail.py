"""The log on a job's page: its latest lines, at a level and with a word, and all of it as text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import QueryDict
from django.utils.http import urlencode

from ..models import JobLog
from ..querysets import horizon
from ..texts import plain
from . import marks
from .filters import LevelFilter

LINES = 200
LONGEST_LINE = 2_000
LOOKED = 20_000
"""How many of the latest lines are looked at for a level or a word."""


class Tail:
    """What the page shows of a job's log, as the query of its address asks for."""

    levels = LevelFilter.levels

    def __init__(self, job_id: UUID, given: QueryDict) -> None:
        level, self.words = given.get("level", ""), given.get("words", "").replace("\x00", "")
        self.level = level if level in self.levels else ""
        self._lines = JobLog.objects.filter(job_id=job_id)

    @property
    def query(self) -> str:
        """The query that asks for the same."""
        return urlencode({key: value for key, value in (("level", self.level), ("words", self.words)) if value})

    @cached_property
    def _rows(self) -> list[JobLog]:
        shown = self._chosen().order_by("-id").annotate(beginning=Left("message", LONGEST_LINE + 1))
        return list(shown.defer("message")[: LINES + 1])

    def _chosen(self) -> QuerySet[JobLog]:
        if not self.query:
            return self._lines
        chosen = self._lines.filter(pk__gte=horizon(self._lines, LOOKED) or 0, message__icontains=self.words)
        return chosen.filter(level__gte=self.levels[self.level]) if self.level else chosen

    @property
    def lines(self) -> Iterator[dict[str, Any]]:
        """The latest lines, in the order they were written, each cut to what a person reads."""
        for row in self._rows[LINES - 1 :: -1]:
            beginning = str(row.beginning)  # type: ignore[attr-defined]  # read in place of a message that may be long
            yield {
                "row": row,
                "severity": marks.severity(row.level),
                "message": marks.cut(beginning, LONGEST_LINE),
                "is_cut": len(beginning) > LONGEST_LINE,
                "extra": _on_one_line(row.extra),
            }

    @property
    def has_more(self) -> bool:
        """Whether there are more than are shown."""
        return len(self._rows) > LINES


def _on_one_line(extra: Any) -> str:
    pairs = extra.items() if isinstance(extra, dict) else ()
    return marks.cut(" ".join(f"{key}={value}" for key, value in pairs), 300)


def as_text(job_id: UUID) -> Iterator[str]:
    """Yield all lines of a job's log, for a file."""
    for row in JobLog.objects.filter(job_id=job_id).order_by("id").iterator(chunk_size=2000):
        fields: Any = f" {marks.pretty(row.extra, indent=None)}" if row.extra else ""
        text = f"{row.created_at.isoformat()} {row.level_name} #{row.attempt} {row.logger}: {row.message}{fields}\n"
        yield plain(text)
