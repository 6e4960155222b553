"""A trial of seconds, so that the harness itself is known to work; `make chaos` runs the long ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.only_on("sqlite")
@pytest.mark.timeout(150)
def test_a_trial_of_seconds_breaks_no_promise():
    command = [sys.executable, "-m", "tests.chaos", "--on", "sqlite", "--seconds", "5", "--seed", "1", "--pause", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    trial = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert trial.returncode == 0, trial.stdout + trial.stderr
    assert "| **committed jobs lost** | **0** |" in trial.stdout
