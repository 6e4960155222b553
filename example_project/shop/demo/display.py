"""Shows the parts of the story while they run: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from django_jobs.states import JobStatus

from .story import Part

if TYPE_CHECKING:
    from rich.table import Table

COLOURS = {
    JobStatus.COMPLETED: "green",
    JobStatus.FAILED: "red",
    JobStatus.CANCELLED: "magenta",
    JobStatus.RUNNING: "cyan",
}


class Display(Protocol):
    """Something that shows how the parts stand, within a `with` block."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def show(self, parts: Collection[Part]) -> None:
        """Show the parts as they stand now."""


def choose(stream: TextIO) -> Display:
    """Return what suits the stream."""
    return Live() if stream.isatty() else Lines(stream)


class Lines:
    """A line for every change of status, and for every half of a job's way."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.last: dict[object, tuple[str, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.flush()

    def show(self, parts: Collection[Part]) -> None:
        """Write what has changed."""
        for part in parts:
            now = (part.job.status, (part.job.progress_percent or 0) // 50)
            if self.last.get(part.job.pk) != now:
                self.last[part.job.pk] = now
                print(
                    f"  {part.job.status:<10} {_percent(part):>5}  {part.label}  {_message(part)}",
                    file=self.stream,
                )
        self.stream.flush()


class Live:
    """A table with progress bars that is drawn again and again."""

    def __init__(self) -> None:
        from rich.live import Live as RichLive

        self.live = RichLive(refresh_per_second=8)

    def __enter__(self) -> Self:
        self.live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.live.__exit__(kind, error, traceback)

    def show(self, parts: Collection[Part]) -> None:
        """Draw the table."""
        self.live.update(_table(parts))


def _table(parts: Collection[Part]) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), expand=True)
    for title, ratio in (("Job", 5), ("Status", 2), ("Progress", 3), ("", 6)):
        table.add_column(title, ratio=ratio, no_wrap=True, overflow="ellipsis")
    for part in parts:
        job = part.job
        colour = COLOURS.get(JobStatus(job.status), "yellow")
        bar = ProgressBar(total=100, completed=job.progress_percent or 0, complete_style=colour)
        table.add_row(Text(part.label), Text(job.status, style=colour), bar, Text(_message(part), style="dim"))
    return table


def _percent(part: Part) -> str:
    percent = part.job.progress_percent
    return "" if percent is None else f"{percent} %"


def _message(part: Part) -> str:
    return (part.job.error or part.job.progress_message).partition("\n")[0]
