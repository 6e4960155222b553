"""Processes that are started for a measurement, and surely ended after it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ENDS_WITHIN = 10.0
ERROR = re.compile(r"[\w.]+(Error|Exception|Failed)\b")
"""How the last line of a traceback begins."""


class ChildFailed(Exception):
    """A child process ended with an error; the text is the end of what it said."""


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child: this one's, without what would lead it elsewhere."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("DATABASE_URL", "BENCH_"))}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


def ask(python: Path, function: str, *arguments: Any, env: Mapping[str, str], within: float = 600) -> Any:
    """Call a function of a module in a process of its own, and return its answer."""
    command = [str(python), "-m", "benchmarks.inside", function, json.dumps(arguments)]
    try:
        done = subprocess.run(
            command, env=environment(env), cwd=ROOT, capture_output=True, text=True, timeout=within, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ChildFailed(f"{function} took longer than {within:g} s") from error
    if done.returncode:
        raise ChildFailed(_end_of(done.stderr or done.stdout))
    return json.loads(done.stdout.rstrip().rpartition("\n")[2])


@contextmanager
def running(commands: Sequence[Sequence[str]], *, env: Mapping[str, str], log: Path) -> Iterator[list[int]]:
    """Keep processes alive for the length of a block; yield their ids. What they say goes to a file."""
    with log.open("ab") as out:
        started = [
            subprocess.Popen(
                command, env=environment(env), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )
            for command in commands
        ]  # fmt: skip
        try:
            yield [process.pid for process in started]
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process, then make sure that none of its children stays behind."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDS_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_of(log: Path) -> str:
    """Return the last thing that a log says."""
    return _end_of(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else ""


def _end_of(text: str) -> str:
    """Return the last error that a text tells of, or its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if ERROR.match(line)]
    told = (errors or lines or ["no reason given"])[-1].replace(str(ROOT), ".")
    return told[:300]
