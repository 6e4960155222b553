"""The drain: from the moment that every process is at work until the last job is stored as done."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.stage import POLL, Stage

WITHIN = 240.0
"""Seconds after which a contestant is stopped where it is."""
STARTS_WITHIN = 30.0


@dataclass(frozen=True)
class Race:
    """What was seen: jobs done within these seconds."""

    jobs: int
    seconds: float

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return self.jobs / self.seconds


def watch(stage: Stage, total: int, processes: int, at_most: float = WITHIN) -> Race:
    """Watch running workers do jobs that were there before them, to the last or for so many seconds.

    The clock starts when each process has run its first job, or when a fifth of the jobs are done without that:
    starting Python is not what is measured.
    """
    stage.wait(lambda: sum(stage.counted()), STARTS_WITHIN, "a first job")
    while not _all_at_work(stage.counted(), total, processes):
        time.sleep(POLL)
    began, before = time.monotonic(), sum(stage.counted())
    while (done := sum(stage.counted())) < total and time.monotonic() - began < at_most:
        time.sleep(POLL)
    if done >= total:
        stage.wait(lambda: not stage.left(total), STARTS_WITHIN, "the last job stored as done")
    return Race(done - before, time.monotonic() - began)


def _all_at_work(counts: list[int], total: int, processes: int) -> bool:
    return sum(count > 0 for count in counts) >= processes or sum(counts) >= total / 5
