"""`python -m benchmarks.profile`: where a worker that drains jobs spends its time, as a flame graph in the docs."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.catalogue import ours
from benchmarks.children import ROOT, environment
from benchmarks.environments import WORK
from benchmarks.finding import databases
from benchmarks.servers import VENDORS
from benchmarks.stage import Stage

PICTURE = ROOT / "docs" / "explanation" / "performance-flame.svg"
WIDTH, ROW = 1200, 16
NARROWEST = 0.003
"""The share of all time below which a box is left out."""
BEGINNINGS = ("Thread.run ", "Worker.run ")
"""The calls that a thread's own work comes after, or begins with."""
PLACE = re.compile(r"^(?P<name>.+) \((?P<file>.+?)(?::\d+)?\)$")
COLOURS = {"django_jobs": "#4f94cf", "django/": "#7fae72", "psycopg": "#c2995a", "other": "#9aa3ab"}

Stacks = Counter[tuple[str, ...]]


def main() -> int:
    """Record one worker process while it drains, and draw it."""
    options = read_command_line()
    with databases([options.on], redis=False) as found:
        stage = Stage(ours(options.on), found[options.on])
        stage.call("fill", options.jobs, options.kind)
        stage.settle()
        stacks = record(stage, options.kind)
    options.to.write_text(draw(stacks, f"{options.kind} on {options.on}"), encoding="utf-8")
    print("\n".join(heaviest(stacks)))
    return 0


def read_command_line() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile", description=(__doc__ or "").partition(": ")[2]
    )
    parser.add_argument("--on", choices=VENDORS, default="postgresql", help="the database (default postgresql)")
    parser.add_argument("--jobs", type=int, default=60_000, help="how many are drained (default 60,000)")
    parser.add_argument("--kind", default="noop", help="which handler of benchmarks/jobs.py (default noop)")
    parser.add_argument("--to", type=Path, default=PICTURE, help="the picture (default: the one in the docs)")
    return parser.parse_args()


def record(stage: Stage, kind: str) -> Stacks:
    """Run a worker until nothing is due, under py-spy; return how often it was seen in which stack of calls.

    Only the thread that holds the interpreter's lock is looked at: the others wait, for it or for the database.
    """
    raw = WORK / "profile.txt"
    spy = [
        str(Path(sys.executable).parent / "py-spy"),
        *["record", "--gil", "--rate", "250", "--format", "raw", "--output"],
        str(raw),
    ]
    worker = [str(stage.python), "-m", "django", "runjobs", "-v0", "--drain"]
    env = {**stage.environment(), "BENCH_DATABASE": stage.url, **({"BENCH_RECEIVER": "1"} if kind == "worked" else {})}
    subprocess.run([*spy, "--", *worker], env=environment(env), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return read(raw.read_text(encoding="utf-8").splitlines())


def read(lines: Iterable[str]) -> Stacks:
    """Read py-spy's raw format: a stack of calls, outermost first, and how often it was seen.

    What comes before a thread's own work, and starting Python and Django, is left out.
    """
    stacks: Stacks = Counter()
    for line in lines:
        calls, _, count = line.rpartition(" ")
        named = tuple(_named(call) for call in calls.split(";"))
        own = [place for place, call in enumerate(named) if call.startswith(BEGINNINGS)]
        if own and len(named) > own[-1] + 1:
            stacks[named[own[-1] + 1 :] if "Thread" in named[own[-1]] else named[own[-1] :]] += int(count)
    return stacks


def _named(call: str) -> str:
    """Return a call as `name (file)`, where the file is told from its package on."""
    found = PLACE.match(call)
    if found is None:
        return call
    path = found["file"].rpartition("site-packages/")[2].removeprefix(f"{ROOT}/")
    return f"{found['name']} ({re.sub(r'^.*/lib/python[0-9.]+/', '', path)})"


def heaviest(stacks: Stacks, most: int = 25) -> Iterator[str]:
    """Yield the calls that took most time with all they call, and by themselves."""
    whole = sum(stacks.values())
    inclusive: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for calls, count in stacks.items():
        alone[calls[-1]] += count
        inclusive.update(dict.fromkeys(calls, count))
    for title, counter in (("with all it calls", inclusive), ("by itself", alone)):
        yield f"\n{title}"
        yield from (f"{count / whole:7.1%}  {call}" for call, count in counter.most_common(most))


def draw(stacks: Stacks, title: str) -> str:
    """Return the flame graph: a box for each call, as wide as its time, on top of its caller's."""
    boxes = list(_boxes(stacks, 0, 0.0, sum(stacks.values())))
    height = (max(depth for depth, *_ in boxes) + 2) * ROW
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        ' font-family="sans-serif" font-size="11">',
        f'<text x="4" y="12" fill="#7f8790">{escape(title)}</text>',
        *(_box(*box, height=height) for box in boxes),
        "</svg>\n",
    ])  # fmt: skip


def _boxes(stacks: Stacks, depth: int, left: float, whole: int) -> Iterator[tuple[int, float, float, str]]:
    """Yield depth, left edge, width and name of every box that is wide enough; the widest of a row first."""
    callees: dict[str, Stacks] = {}
    for calls, count in stacks.items():
        if len(calls) > depth:
            callees.setdefault(calls[depth], Counter())[calls] += count
    for name, below in sorted(callees.items(), key=lambda item: -sum(item[1].values())):
        share = sum(below.values()) / whole
        if share >= NARROWEST:
            yield depth, left, share, name
            yield from _boxes(below, depth + 1, left, whole)
        left += share


def _box(depth: int, left: float, share: float, name: str, *, height: int) -> str:
    x, y, width = left * WIDTH, height - (depth + 1) * ROW, share * WIDTH
    letters = int(width / 6.2)
    label = name if len(name) <= letters else f"{name[: letters - 1]}…" if letters > 4 else ""
    text = f'<text x="{x + 2:.1f}" y="{y + 11}">{escape(label)}</text>' if label else ""
    return (
        f'<g><title>{escape(name)}: {share:.1%}</title><rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.5):.1f}" '
        f'height="{ROW - 1}" fill="{colour(name)}"/>{text}</g>'
    )


def colour(name: str) -> str:
    """Return the colour of whose code it is."""
    place = name.rpartition("(")[2]
    return next((chosen for part, chosen in COLOURS.items() if place.startswith(part)), COLOURS["other"])


if __name__ == "__main__":
    sys.exit(main())
