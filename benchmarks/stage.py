"""One run of one contestant: its database made afresh, its workers, and what they report."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import tally
from benchmarks.catalogue import Contestant
from benchmarks.children import ChildFailed, ask, end_of, running
from benchmarks.environments import CACHE, WORK, python_of
from benchmarks.servers import Database

POLL = 0.002


class Stage:
    """A contestant on a database of its own, for the length of one run."""

    def __init__(self, contestant: Contestant, database: Database, label: str = "", **jobs_settings: Any) -> None:
        self.contestant = contestant
        self.database = database
        self.python = python_of(contestant)
        self.counts = WORK / "tally"
        self.log = CACHE / f"{contestant.name.lower().replace(' ', '-')}-{contestant.vendor}.log"
        shutil.rmtree(self.counts, ignore_errors=True)
        self.counts.mkdir(parents=True)
        self.log.unlink(missing_ok=True)
        self._jobs_settings = jobs_settings
        self.url = database.fresh(contestant.name, lambda url: self._call("prepare", url=url), label)

    def environment(self) -> dict[str, str]:
        """Return what the contestant's processes are told, but for the database."""
        told = {"BENCH_TALLY": str(self.counts), "BENCH_JOBS": json.dumps(self._jobs_settings)}
        return {**self.contestant.env, **told}

    def call(self, function: str, *arguments: Any, within: float = 600, **env: str) -> Any:
        """Call a function of the contestant's module in its environment, on this stage's database."""
        return self._call(function, *arguments, url=self.url, within=within, **env)

    def _call(self, function: str, *arguments: Any, url: str, within: float = 600, **env: str) -> Any:
        target = function if ":" in function else f"benchmarks.peers.{self.contestant.module}:{function}"
        return ask(
            self.python, target, *arguments, env={**self.environment(), "BENCH_DATABASE": url, **env}, within=within
        )

    def settle(self) -> None:
        """Have the planner know what was just written, as autovacuum does after a while."""
        if self.database.vendor == "postgresql":
            self.database.query("ANALYZE")

    @contextmanager
    def workers(self, processes: int, *options: str, url: str | None = None, **env: str) -> Iterator[list[int]]:
        """Keep the contestant's workers alive for the length of a block; yield their process ids."""
        told = {"BENCH_DATABASE": url or self.url, "BENCH_PROCESSES": str(processes)}
        whole = {**self.environment(), **told, **env}
        chosen = self.contestant.alone if processes == 1 else ()
        words = [word.format(processes=processes) for word in chosen or self.contestant.worker]
        command = [str(self.python), *words, *options]
        copies = processes if self.contestant.copies else 1
        with running([command] * copies, env=whole, log=self.log) as pids:
            yield pids

    # What the workers report.

    def counted(self) -> list[int]:
        """Return how many jobs each process has run."""
        return tally.read_counts(self.counts)

    def marks(self) -> list[tuple[float, float]]:
        """Return when each job was sent and begun."""
        return tally.read_marks(self.counts)

    def wait_for_marks(self, total: int) -> None:
        """Wait until so many jobs have begun."""
        self.wait(lambda: len(self.marks()) >= total, 60, f"{total} jobs picked up")

    def left(self, total: int) -> int:
        """Return how many jobs are not stored as done; 0 where nothing is stored."""
        question = self.contestant.left
        return int(self.database.query(question.format(total=total))) if question else 0

    def wait(self, condition: Callable[[], Any], within: float, what: str) -> None:
        """Wait until a condition holds; raise ChildFailed with the end of the worker's log when it does not."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                raise ChildFailed(f"{what} not seen within {within:g} s; the worker's last words: {end_of(self.log)}")
            time.sleep(POLL)
