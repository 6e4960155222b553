"""`python -m benchmarks.inside MODULE:FUNCTION ARGUMENTS`: call a function in this environment, print its answer.

Arguments and answer are JSON. Coroutine functions are run to their end.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

ARGUMENTS: dict[str, Any] = {"number": 7, "text": "a small argument"}
"""What every no-op job of every contestant carries."""


def main() -> None:
    """Do what the command line says; the answer is the last line printed."""
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(import_module(module), name)(*json.loads(sys.argv[2]))
    if inspect.iscoroutine(answer):
        answer = asyncio.run(answer)
    print(f"\n{json.dumps(answer)}")


def moments(per_second: float, total: int, seed: int = 1) -> Iterator[float]:
    """Yield the waits between jobs that come at random, so many a second on average."""
    chance = random.Random(seed)
    for _ in range(total):
        yield chance.expovariate(per_second)


def send_at_random(send: Callable[[float], Any], per_second: float, total: int) -> None:
    """Call `send` with the time at random moments; a late one is not made up for in a burst."""
    for wait in moments(per_second, total):
        time.sleep(wait)
        send(time.monotonic())


def timed(action: Callable[..., Any], *arguments: Any) -> float:
    """Return the seconds that an action takes."""
    began = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
