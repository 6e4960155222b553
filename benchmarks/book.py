"""The book of figures: one JSON file that every scenario writes its part of."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any


@dataclass
class Figure:
    """What was measured, once a round."""

    unit: str
    values: list[float]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest round."""
        return min(self.values), max(self.values)


class Book:
    """Figures by name, as `drain/postgresql/django_jobs`; a new run of a scenario replaces that scenario's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.about: dict[str, Any] = found.get("about", {})
        self.scenarios: dict[str, dict[str, Any]] = found.get("scenarios", {})
        self.figures = {name: Figure(**figure) for name, figure in found.get("figures", {}).items()}
        self.failures: dict[str, str] = found.get("failures", {})
        self.series: dict[str, list[dict[str, float]]] = found.get("series", {})

    def begin(self, scenario: str, vendors: Collection[str]) -> None:
        """Forget what an earlier run of this scenario found on these databases."""
        parts: tuple[dict[str, Any], ...] = (self.figures, self.failures, self.series)
        for part in parts:
            for name in list(part):
                first, *rest = name.split("/")
                if first == scenario and any(vendor in rest for vendor in vendors):
                    del part[name]

    def end(self, scenario: str, **about: Any) -> None:
        """Note that a scenario is through, and how it was run."""
        self.scenarios[scenario] = about
        self.save()

    def add(self, name: str, value: float, unit: str) -> None:
        """Add one round's figure."""
        self.figures.setdefault(name, Figure(unit, [])).values.append(_rounded(value))

    def fail(self, name: str, reason: str) -> None:
        """Say why there is no figure."""
        self.failures[name] = reason

    def median(self, name: str) -> float | None:
        """Return the middle of the rounds, or None."""
        figure = self.figures.get(name)
        return figure.median if figure else None

    def ratios(self, name: str, to: str) -> list[float]:
        """Return a figure's ratios to another, round by round: a machine's speed moves, but less within a round."""
        ours, theirs = self.figures.get(name), self.figures.get(to)
        if not ours or not theirs:
            return []
        if len(ours.values) == len(theirs.values):
            return [one / other for one, other in zip(ours.values, theirs.values, strict=True)]
        return [ours.median / theirs.median]

    def save(self) -> None:
        """Write the file, in an order that makes differences readable."""
        whole = {
            "about": self.about,
            "scenarios": self.scenarios,
            "figures": {name: asdict(figure) for name, figure in sorted(self.figures.items())},
            "failures": dict(sorted(self.failures.items())),
            "series": self.series,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _rounded(value: float) -> float:
    """Keep four digits: no figure here is truer than that."""
    if not value:
        return 0.0
    return round(value, max(0, 3 - math.floor(math.log10(abs(value)))))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
