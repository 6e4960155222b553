"""The command line of `python -m benchmarks`."""

import subprocess
import sys

import pytest

from benchmarks.catalogue import PEERS
from benchmarks.children import ROOT
from benchmarks.scenarios import SCENARIOS


def run(*arguments):
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_help_names_every_scenario_and_every_peer():
    told = " ".join(run("--help").stdout.split())
    assert all(name in told for name in SCENARIOS)
    assert all(peer.name.lower() in told for peer in PEERS)


@pytest.mark.parametrize(("option", "value"), [("--only", "drain,dance"), ("--on", "oracle"), ("--peers", "cron")])
def test_what_does_not_exist_is_refused_by_name(option, value):
    done = run(option, value)
    assert done.returncode == 2
    assert f"there is no {value.rpartition(',')[2]}" in done.stderr


def test_a_report_of_no_results_says_so(tmp_path):
    done = run("--report", "--results", str(tmp_path / "none.json"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Nothing was measured yet.")


def test_every_scenario_says_what_it_does():
    assert all(scenario.__doc__ for scenario in SCENARIOS.values())
