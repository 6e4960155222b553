"""`python -m tests.chaos`: a trial on each database, one after the other."""

import argparse
import random
import subprocess
import sys

from .servers import SERVERS
from .trial import Plan, run


def main() -> int:
    """Run what the command line asks for; return 1 if a promise was broken."""
    options = read_command_line()
    if len(options.on) == 1:
        return 0 if run(plan_of(options)) else 1
    # a process for each: Django is set up once in a process, for one database
    arguments = [argument for argument in sys.argv[1:] if argument not in {"--on", *SERVERS}]
    command = [sys.executable, "-m", "tests.chaos", *arguments, "--seed", str(options.seed), "--on"]
    codes = [subprocess.run([*command, vendor], check=False).returncode for vendor in options.on]
    return max(codes)


def read_command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long to break things, on each database")
    parser.add_argument("--on", action="append", choices=[*SERVERS], help="only on this one; may be repeated")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="what to break, and when")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two faults, on average")
    parser.add_argument("--rate", type=float, default=8.0, help="transactions per second that enqueue jobs")
    parser.add_argument("--finish", type=float, default=60, help="seconds in which what is left must be done")
    parser.add_argument("--act", action="append", default=[], help="break things in this way only; may be repeated")
    parser.add_argument("--keep", action="store_true", help="keep the journal and the logs")
    options = parser.parse_args()
    options.on = options.on or [*SERVERS]
    return options


def plan_of(options: argparse.Namespace) -> Plan:
    return Plan(
        vendor=options.on[0],
        seconds=options.seconds,
        seed=options.seed,
        pause=options.pause,
        per_second=options.rate,
        finish_within=options.finish,
        keeps=options.keep,
        acts=options.act,
    )


if __name__ == "__main__":
    sys.exit(main())
