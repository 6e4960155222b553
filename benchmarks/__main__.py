"""`python -m benchmarks`: measure everything, or what `--only` names, and write table and charts into the docs."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.book import Book
from benchmarks.catalogue import PEERS, Contestant
from benchmarks.environments import CACHE
from benchmarks.finding import databases
from benchmarks.plan import Plan
from benchmarks.report import publish, tell
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import VENDORS, Database

RESULTS = Path(__file__).parent / "results" / "results.json"
QUICK = CACHE / "quick.json"


def main() -> int:
    """Run the scenarios one after the other; each is written down when it is through."""
    options = read_command_line()
    book = Book(options.results or (QUICK if options.quick else RESULTS))
    if not options.report:
        with databases(options.on) as found:
            run(plan_of(options, found), book, options)
    print(tell(book))
    if options.publish or not (options.quick or options.results):
        publish(book)
    return 0


def run(plan: Plan, book: Book, options: argparse.Namespace) -> None:
    """Measure what is asked for and not there yet."""
    for name in options.only or SCENARIOS:
        if options.resume and book.scenarios.get(name, {}).get("quick") == plan.quick:
            continue
        print(f"{name}: {SCENARIOS[name].__doc__}", flush=True)
        began = time.monotonic()
        book.begin(name, plan.databases)
        SCENARIOS[name](plan, book)
        seconds = round(time.monotonic() - began)
        print(f"{name}: {seconds} s", flush=True)
        known = book.about.get("versions", {})
        book.about = machine.describe(plan.databases)
        book.about["versions"] = {**known, **book.about["versions"]}
        book.end(name, quick=plan.quick, rounds=plan.rounds, date=str(datetime.now(UTC).date()), seconds=seconds)


def read_command_line() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition(": ")[2])
    add = parser.add_argument
    add("--only", type=_names(SCENARIOS), metavar="A,B", help=f"only these scenarios: {', '.join(SCENARIOS)}")
    add("--on", type=_names(VENDORS), metavar="A,B", help=f"only on these databases: {', '.join(VENDORS)}")
    add("--peers", type=_names([*_peers(), "none"]), metavar="A,B", help=f"only these: {', '.join(_peers())}; or none")
    add("--rounds", type=int, help="how often each is measured (default 5; 1 with --quick)")
    add("--quick", action="store_true", help="small sizes: shows that everything works, kept apart from the results")
    add("--resume", action="store_true", help="leave out the scenarios that the results have already")
    add("--report", action="store_true", help="measure nothing, write the docs from the results")
    add("--publish", action="store_true", help="write the docs from a quick run, or from --results, too")
    add("--results", type=Path, help="the file of results (default benchmarks/results/results.json)")
    add("--soak-rate", type=int, default=100, metavar="N", help="jobs a second of the soak (default 100)")
    add("--soak-minutes", type=float, default=20.0, metavar="N", help="how long it lasts (default 20)")
    return parser.parse_args()


def _peers() -> list[str]:
    return list(dict.fromkeys(peer.name.lower() for peer in PEERS))


def _names(known: Collection[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = text.lower().split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}")
        return names

    return read


def plan_of(options: argparse.Namespace, found: dict[str, Database]) -> Plan:
    """Return what the command line asks for."""
    return Plan(
        found,
        quick=options.quick,
        rounds=options.rounds or (1 if options.quick else 5),
        peers=_chosen(options.peers),
        soak_rate=options.soak_rate,
        soak_minutes=options.soak_minutes,
    )


def _chosen(names: list[str] | None) -> list[Contestant]:
    return [peer for peer in PEERS if names is None or peer.name.lower() in names]


if __name__ == "__main__":
    sys.exit(main())
