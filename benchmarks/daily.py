"""`python -m benchmarks.daily`: two minutes that tell whether something became slow.

Everything is a ratio to the bare database in the same run, so that the machine's own speed matters little, and is
compared with the ratios of `benchmarks/baseline.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from benchmarks.catalogue import bare, ours
from benchmarks.finding import databases
from benchmarks.goals import number
from benchmarks.plan import Plan
from benchmarks.scenarios.draining import PROCESSES, run
from benchmarks.scenarios.picking import SETTLES, WARMING, warm
from benchmarks.servers import TITLES, VENDORS
from benchmarks.stage import Stage

BASELINE = Path(__file__).parent / "baseline.json"
LOSS = 0.25
ROUNDS = 3

Ratios = dict[str, float]
"""How near we come to the bare database, by what was done: larger is better."""


def main() -> int:
    """Measure, compare, tell; return 1 for a loss with `--check`."""
    options = read_command_line()
    with databases(redis=False) as found:
        ratios = measure(Plan(found, quick=True, rounds=ROUNDS, peers=()))
    baseline: Ratios = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    print("\n".join(compare(ratios, baseline)))
    if options.save:
        noted = {name: round(ratio, 3) for name, ratio in {**baseline, **ratios}.items()}
        BASELINE.write_text(json.dumps(noted, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    lost = losses(ratios, baseline)
    if lost:
        print(f"Lost more than {LOSS:.0%}: {', '.join(lost)}. Run it again; where that stays, something became slow.")
    return 1 if lost and options.check else 0


def read_command_line() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daily", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("--check", action="store_true", help="exit with 1 when something lost a quarter or more")
    parser.add_argument("--save", action="store_true", help="make these the figures to compare with")
    return parser.parse_args()


def measure(plan: Plan) -> Ratios:
    """Return the ratios of all databases found; each step is named as it begins."""
    steps: dict[str, Callable[[Plan, str], Ratios]] = {"drain": drain, "enqueue": enqueue, "pick-up": latency}
    ratios: Ratios = {}
    for vendor in [vendor for vendor in VENDORS if vendor in plan.databases]:
        for name, step in steps.items():
            print(f"{TITLES[vendor]}: {name}", flush=True)
            try:
                ratios |= step(plan, vendor)
            except Exception as error:  # noqa: BLE001 - the other ratios are worth having
                print(f"  failed: {error}")
    return ratios


def drain(plan: Plan, vendor: str) -> Ratios:
    """Drain no-op jobs, in turns with the bare loop."""
    processes = PROCESSES.get(vendor, 2)
    found = []
    for _ in range(plan.rounds):
        rates = []
        for contestant in (ours(vendor), bare(vendor)):
            stage = Stage(contestant, plan.databases[vendor])
            total = plan.jobs(contestant, processes)
            stage.call("benchmarks.claims:wait", total)
            rates.append(run(stage, total, processes).rate)
        found.append(rates[0] / rates[1])
    return {f"drain, {TITLES[vendor]}": median(found)}


def enqueue(plan: Plan, vendor: str) -> Ratios:
    """Enqueue one by one and many, beside Django's own ways."""
    stage = Stage(ours(vendor), plan.databases[vendor])
    single = [stage.call("benchmarks.inserts:one_by_one", 300) for _ in range(plan.rounds)]
    bulk = [stage.call("benchmarks.inserts:many", 5_000) for _ in range(plan.rounds)]
    return {
        f"enqueue, {TITLES[vendor]}": median(rates["enqueue"] / rates["create"] for rates in single),
        f"enqueue_many, {TITLES[vendor]}": median(rates["enqueue_many"] / rates["bulk_create"] for rates in bulk),
    }


def latency(plan: Plan, vendor: str) -> Ratios:
    """Pick up single jobs, in turns with inserting, claiming and finishing one on the bare database."""
    if vendor == "mysql":
        return {}  # nothing wakes its worker: that is the polling interval, and no measure of anything
    beside = Stage(bare(vendor), plan.databases[vendor], "_bare")
    stage = Stage(ours(vendor), plan.databases[vendor])
    trips: list[float] = []
    with stage.workers(1):
        warm(stage)
        time.sleep(SETTLES)
        for number in range(1, plan.rounds + 1):
            trips += beside.call("round_trips", 40)
            stage.call("send", 15, 25)
            stage.wait_for_marks(WARMING + number * 25)
    took = [began - sent for sent, began in stage.marks()[WARMING:]]
    return {f"pick-up, {TITLES[vendor]}": median(trips) / median(took)}


def compare(ratios: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Return a line for each ratio, with what it was and how much of that is left."""
    lines = [f"{'':28}{'to the bare database':>22}{'baseline':>12}{'change':>10}"]
    for name, ratio in ratios.items():
        before = baseline.get(name)
        told = f"{number(before):>12}{ratio / before - 1:>+10.0%}" if before else ""
        lines.append(f"{name:28}{number(ratio):>22}{told}")
    return lines


def losses(ratios: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Return what lost more than a quarter against the baseline."""
    return [name for name, ratio in ratios.items() if name in baseline and ratio < baseline[name] * (1 - LOSS)]


if __name__ == "__main__":
    sys.exit(main())
