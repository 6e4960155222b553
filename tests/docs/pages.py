"""The pages of the docs as data: their examples, tables, headings and links.

A line `<!-- … -->` right above an example says what the tests do with it:

    run               python and pycon: executed, in order, in one namespace for the page; console: typed in
    file: PATH        written to that file of a new project
    append: PATH      added to the end of that file
    shell             pycon, typed into the project's shell
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]

_MARKER = re.compile(r"<!--\s*(\w+)(?::\s*(\S+))?\s*-->")
_FENCE = re.compile(r"(\s*)```(\w*)$")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Example:
    """A fenced block: where it stands, its language, what its marker asks for, and its text."""

    page: Path
    line: int
    language: str
    order: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def padded(self) -> str:
        """The text at its own line of the page, so that a traceback points there."""
        return "\n" * self.line + self.text


@dataclass(frozen=True)
class Row:
    """A row of a table: its cells, as they are written."""

    cells: tuple[str, ...]

    def plain(self, column: int) -> str:
        """Return a cell without marks of code."""
        return self.cells[column].replace("`", "").strip()

    def codes(self, column: int) -> list[str]:
        """Return what stands in marks of code in a cell."""
        return _CODE.findall(self.cells[column])


@dataclass
class Section:
    """What stands below one heading, down to the next."""

    heading: str
    lines: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """The rows of the section's tables, headers and rules apart."""
        return [row for _, row in zip(self._table_lines(), self._parsed(), strict=True) if row]

    def _table_lines(self) -> list[str]:
        return [line for line in self.lines if line.startswith("|")]

    def _parsed(self) -> Iterator[Row | None]:
        lines = self._table_lines()
        for number, line in enumerate(lines):
            is_header = number + 1 < len(lines) and _is_rule(lines[number + 1])
            yield None if is_header or _is_rule(line) else Row(_cells(line))


def _is_rule(line: str) -> bool:
    return set(line) <= set("|-: ")


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1])


def examples(page: Path) -> list[Example]:
    """Return the fenced blocks of a page."""
    return list(_examples(page, page.read_text(encoding="utf-8").splitlines()))


def _examples(page: Path, lines: list[str]) -> Iterator[Example]:
    number, marker = 0, None
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            found = _MARKER.fullmatch(lines[number].strip())
            marker = found or (marker if not lines[number].strip() else None)
            number += 1
            continue
        end = next(at for at in range(number + 1, len(lines)) if lines[at].strip() == "```")
        order, path = (marker[1], marker[2] or "") if marker else ("", "")
        body = [line.removeprefix(fence[1]) for line in lines[number + 1 : end]]
        yield Example(page, number + 1, fence[2], order, path, "\n".join(body) + "\n")
        number, marker = end + 1, None


@cache
def sections(page: Path) -> list[Section]:
    """Return the sections of a page, in order; blocks of code hold no headings."""
    found = [Section("")]
    is_code = False
    for line in page.read_text(encoding="utf-8").splitlines():
        is_code ^= line.lstrip().startswith("```")
        if not is_code and line.startswith("#"):
            found.append(Section(line.lstrip("#").strip()))
        elif not is_code:
            found[-1].lines.append(line)
    return found


def section(page: str, heading: str) -> Section:
    """Return one section of a page below `docs/`, or of the README."""
    path = ROOT / page if page == "README.md" else DOCS / page
    matching = [found for found in sections(path) if found.heading == heading]
    assert matching, f"{page} has no section {heading!r}"
    return matching[0]


def codes(page: str, heading: str, column: int = 0) -> list[str]:
    """Return what stands in marks of code in a column of a section's tables."""
    return [code for row in section(page, heading).rows for code in row.codes(column)]


def anchors(page: Path) -> set[str]:
    """Return the anchors that a reader's browser finds on a page."""
    plain = (re.sub(r"[^\w\- ]", "", found.heading.lower()) for found in sections(page))
    return {heading.replace(" ", "-") for heading in plain}


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Yield each link of a page, with its line; code holds none."""
    is_code = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        is_code ^= line.lstrip().startswith("```")
        if not is_code:
            yield from ((number, target) for target in _LINK.findall(_CODE.sub("", line)))
