"""The book as tables for a terminal and for the docs, between marks that the page keeps for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import chart
from benchmarks.book import Book, Figure
from benchmarks.catalogue import PEERS
from benchmarks.children import ROOT
from benchmarks.goals import number, verdicts
from benchmarks.servers import TITLES

PAGE = ROOT / "docs" / "explanation" / "performance.md"


def publish(book: Book, page: Path = PAGE) -> None:
    """Write the tables into the page, and the charts beside it."""
    text = page.read_text(encoding="utf-8")
    for name, lines in parts(book).items():
        text = replace_part(text, name, "\n".join(lines))
    page.write_text(text, encoding="utf-8")
    chart.drain(book, page.parent / "performance-drain.svg")
    chart.latency(book, page.parent / "performance-latency.svg")
    chart.scaling(book, page.parent / "performance-scaling.svg")
    if book.series:
        chart.soak(book, page.parent / "performance-soak.svg")


def parts(book: Book) -> dict[str, list[str]]:
    """Return the parts of the page that are written from the book."""
    return {
        "about": about(book),
        "goals": goals(book),
        "drain": drains(book),
        "latency": latencies(book),
        "footprint": footprints(book),
        "soak": soak(book),
        "settings": settings(book),
    }


def tell(book: Book) -> str:
    """Return everything as text."""
    return "\n\n".join("\n".join(lines) for lines in parts(book).values())


def replace_part(text: str, name: str, content: str) -> str:
    """Put content between a part's marks; the page has to have them."""
    marks = re.compile(rf"(<!-- figures begin: {name} -->\n).*?(<!-- figures end -->)", re.DOTALL)
    if not marks.search(text):
        raise ValueError(f"the page has no marks for the part {name!r}")
    return marks.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    return [_line(header), _line(["---"] * len(header)), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def about(book: Book) -> list[str]:
    """Say where and how the figures were taken."""
    if not book.about:
        return ["Nothing was measured yet."]
    machine = book.about
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    dates = sorted({run["date"] for run in book.scenarios.values()})
    lines = [
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory']}; {machine['system']}; {versions}.",
        f"Taken on {' to '.join(dict.fromkeys([dates[0], dates[-1]]))}; the last command was `{machine['command']}`.",
    ]
    quick = [name for name, run in book.scenarios.items() if run["quick"]]
    if quick:
        lines.append(f"Quick runs, on sizes too small to be quoted: {', '.join(quick)}.")
    return lines


def goals(book: Book) -> list[str]:
    """Return what was to be reached, and what was."""
    rows = [(row.what, row.goal, row.measured, row.told) for row in verdicts(book)]
    return table(["what", "goal", "measured: median (lowest–highest)", ""], rows)


def drains(book: Book) -> list[str]:
    """Return every contestant's no-op drain, quickest first on each database."""
    rows = []
    for vendor, name, figure in _figures(book, "drain"):
        base = f"drain/{'postgresql' if vendor == 'redis' else vendor}/bare loop"
        ratios = book.ratios(f"drain/{vendor}/{name}", base)
        filled = book.median(f"drain/filled/{vendor}/{name}")
        rows.append((
            name, TITLES[vendor], number(figure.median), "–".join(map(number, figure.spread)),
            f"{sorted(ratios)[len(ratios) // 2]:.3f}" if ratios else "", number(filled) if filled else "",
        ))  # fmt: skip
    header = ["queue", "on", "jobs/s", "lowest–highest", "to the bare loop", "enqueued in bulk, jobs/s"]
    return [*table(header, rows), *_failures(book, "drain")]


def latencies(book: Book) -> list[str]:
    """Return every contestant's pick-up by an idle worker."""
    rows = []
    for vendor, name, _ in _figures(book, "latency", "median"):
        middle, high = (book.median(f"latency/{vendor}/{name}/{part}") or 0 for part in ("median", "p99"))
        rows.append((name, TITLES[vendor], number(middle), number(high)))
    rows.sort(key=lambda row: float(row[2].replace(",", "")))
    return [*table(["queue", "on", "median, ms", "99 of 100 within, ms"], rows), *_failures(book, "latency")]


def footprints(book: Book) -> list[str]:
    """Return what an idle worker costs."""
    rows = []
    for vendor, name, _ in _figures(book, "memory", "pss"):
        cells = [
            book.median(f"{part}/{vendor}/{name}/{unit}")
            for part, unit in (("memory", "pss"), ("memory", "rss"), ("idle", "cpu"), ("idle", "queries"))
        ]
        rows.append((name, TITLES[vendor], *("" if cell is None else number(cell) for cell in cells)))
    header = ["queue", "on", "memory (PSS), MB", "memory (RSS), MB", "idle: % of a core", "idle: queries/s"]
    return [*table(header, rows), *_failures(book, "memory"), *_failures(book, "idle")]


def soak(book: Book) -> list[str]:
    """Return what was watched at a steady rate: early, in the middle and at the end."""
    rows = []
    for samples in book.series.values():
        for place in (len(samples) // 10, len(samples) // 2, -1):
            sample = samples[place]
            cells = [
                sample["seconds"] / 60,
                *(sample[part] for part in ("jobs", "median", "p99", "pss", "dead", "size")),
            ]
            rows.append([number(cell) for cell in cells])
    header = ["minutes", "jobs", "pick-up: median, ms", "99 of 100, ms", "memory, MB", "dead tuples", "table, MB"]
    return [*table(header, rows), *_failures(book, "soak")]


def settings(book: Book) -> list[str]:
    """Return the peers' versions and settings."""
    versions = book.about.get("peers", {})
    rows = [(peer.name, TITLES[peer.vendor], versions.get(peer.name, ""), peer.settings) for peer in PEERS]
    return table(["queue", "on", "version", "settings"], rows)


def _figures(book: Book, scenario: str, last: str = "") -> Iterator[tuple[str, str, Figure]]:
    found = []
    for key, figure in book.figures.items():
        first, vendor, *rest = key.split("/")
        if first == scenario and vendor in TITLES and (not last or rest[-1] == last):
            found.append((vendor, rest[0], figure))
    order = list(TITLES)
    yield from sorted(found, key=lambda one: (order.index(one[0]), -one[2].median))


def _failures(book: Book, scenario: str) -> list[str]:
    found = [(key, reason) for key, reason in book.failures.items() if key.startswith(f"{scenario}/")]
    return ["", *(f"Not measured: {key.partition('/')[2]}: {reason}" for key, reason in found)] if found else []
