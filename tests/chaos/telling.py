"""The table that a trial prints: Markdown, as it stands in the docs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .recovery import recoveries, told

if TYPE_CHECKING:
    from .trial import Found

SHOWN = 10
DOOMED = "chaos.doomed"


def tell(found: Found) -> None:
    """Print what came out, and the first breaches of each promise in full."""
    plan = found.plan
    print(f"\n{found.version}: {plan.seconds:g} s, seed {plan.seed}\n")
    print("| what | how many |\n| --- | --- |")
    for what, number in [*_happened(found), *_promises(found)]:
        print(f"| {what} | {number} |")
    for promise, breaches in found.breaches.items():
        if breaches:
            print(f"\nBROKEN: {promise}")
            print("\n".join(f"    {breach}" for breach in breaches[:SHOWN]), flush=True)


def _happened(found: Found) -> Iterator[tuple[str, object]]:
    record, tables = found.record, found.tables
    statuses = Counter(row.status for row in tables.jobs)
    yield "jobs in the table at the end", len(tables.jobs)
    yield "of them", ", ".join(f"{status} {number}" for status, number in statuses.most_common())
    unmeant = sum(row.status == "failed" and row.name != DOOMED for row in tables.jobs)
    yield "failed, though not of the kind that always does", unmeant
    yield "attempts begun", len(record.lines("began"))
    yield "jobs rolled back by those who enqueued them", len(record.jobs("rolled back"))
    yield "faults", ", ".join(f"{name} {times}" for name, times in found.acts.most_common())
    yield "outcomes of workers that had lost their claim, refused", _lines_with(found, "was taken from this worker")
    yield "claims whose answer was lost, given back", _lines_with(found, "was claimed while the connection broke")
    yield "recovery after the kill of a supervised worker", told(recoveries(record, "supervised"))
    yield "recovery after the kill of a host or a lone worker", told(recoveries(record, "alone"))
    yield "time to finish what was left", f"{found.finished_in:.1f} s"


def _promises(found: Found) -> Iterator[tuple[str, object]]:
    for promise, breaches in found.breaches.items():
        yield f"**{promise}**", f"**{len(breaches)}**"


def _lines_with(found: Found, text: str) -> int:
    return sum(text in line for line in found.logs)
