"""Charts that read well on a light and on a dark page: no background, colours of middle brightness."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.book import Book
from benchmarks.goals import number
from benchmarks.servers import TITLES

INK = "#7f8790"
OURS = "#2f81c7"
BARE = "#a8792a"
OTHERS = "#8f98a1"


def drain(book: Book, path: Path) -> None:
    """Draw each contestant's no-op drain as a bar, by a logarithmic scale."""
    _bars(_rows(book, "drain", ""), "no-op jobs a second, stored as done (logarithmic)", path)


def latency(book: Book, path: Path) -> None:
    """Draw each contestant's median pick-up as a bar, by a logarithmic scale."""
    _bars(_rows(book, "latency", "median"), "milliseconds from enqueueing to the handler, median (logarithmic)", path)


def scaling(book: Book, path: Path) -> None:
    """Draw the drain by the number of processes, and of waiting jobs."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3), sharey=True)
    for axis, scenario, label in zip(axes, ("processes", "waiting"), ("processes", "jobs waiting"), strict=True):
        for number_of_line, vendor in enumerate(TITLES):
            points = sorted(
                (int(name.rpartition("/")[2]), one.median)
                for name, one in book.figures.items()
                if name.startswith(f"{scenario}/{vendor}/")
            )
            if points:
                style = ["-", "--", ":", "-."][number_of_line]
                axis.plot(*zip(*points, strict=True), style, marker="o", color=OURS, label=TITLES[vendor])
        axis.set_xscale("log", base=2 if scenario == "processes" else 10)
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.set_xlabel(label)
        _sober(axis)
    axes[0].set_ylim(bottom=0)
    axes[0].set_ylabel("jobs a second")
    _legend(axes[0])
    _save(pyplot, figure, path)


def soak(book: Book, path: Path) -> None:
    """Draw what was watched at a steady rate, over time."""
    pyplot = _pyplot()
    watched = {"p99": "pick-up, 99 of 100 within, ms", "pss": "memory, MB", "dead": "dead tuples", "size": "table, MB"}
    figure, axes = pyplot.subplots(len(watched), 1, figsize=(8, 6), sharex=True)
    for samples in book.series.values():
        minutes = [sample["seconds"] / 60 for sample in samples]
        for axis, (part, label) in zip(axes, watched.items(), strict=True):
            axis.plot(minutes, [sample[part] for sample in samples], color=OURS)
            axis.set_title(label, fontsize=9, color=INK, loc="left")
            axis.set_ylim(bottom=0)
            _sober(axis)
    axes[-1].set_xlabel("minutes")
    _save(pyplot, figure, path)


def colour(name: str) -> str:
    """Return a bar's colour: ours, the bare database's, or that of all others."""
    if name.startswith("django_jobs"):
        return OURS
    return BARE if name.startswith("bare") else OTHERS


def _rows(book: Book, scenario: str, last: str) -> list[tuple[str, float]]:
    found = []
    for key, figure in book.figures.items():
        first, vendor, *rest = key.split("/")
        if first == scenario and vendor in TITLES and (not last or rest[-1] == last):
            found.append((f"{rest[0]} · {TITLES[vendor]}", figure.median))
    return sorted(found, key=lambda row: row[1], reverse=bool(last))


def _bars(rows: Sequence[tuple[str, float]], label: str, path: Path) -> None:
    if not rows:
        return
    pyplot = _pyplot()
    figure, axis = pyplot.subplots(figsize=(8, 0.3 * len(rows) + 0.8))
    names, values = zip(*rows, strict=True)
    bars = axis.barh(names, values, color=[colour(name) for name in names], height=0.7)
    axis.bar_label(bars, [f" {number(value)}" for value in values], color=INK, fontsize=8)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.set_xlim(right=max(values) * 2.5)
    axis.margins(y=0.01)
    axis.set_xlabel(label)
    _sober(axis)
    axis.tick_params(axis="y", length=0)
    _save(pyplot, figure, path)


def _pyplot() -> Any:
    matplotlib = import_module("matplotlib")
    matplotlib.use("svg")
    # text stays text, and the same figures make the same file
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.family": "sans-serif"})
    return import_module("matplotlib.pyplot")


def _sober(axis: Any) -> None:
    axis.tick_params(colors=INK, which="both", labelsize=8)
    axis.xaxis.label.set_color(INK)
    axis.yaxis.label.set_color(INK)
    for side, spine in axis.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(INK)


def _legend(axis: Any) -> None:
    if axis.get_legend_handles_labels()[0]:
        axis.legend(frameon=False, labelcolor=INK, fontsize=8)


def _save(pyplot: Any, figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, transparent=True, metadata={"Date": None})
    pyplot.close(figure)
