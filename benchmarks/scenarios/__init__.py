"""What is measured. A scenario is a function of the plan and the book; its name is its first part in all figures."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.book import Book
from benchmarks.plan import Plan
from benchmarks.scenarios import claiming, draining, enqueuing, idling, looking, picking, scaling, soaking

Scenario = Callable[[Plan, Book], None]

SCENARIOS: dict[str, Scenario] = {
    "drain": draining.drain,
    "work": draining.work,
    "sleep": draining.sleep,
    "statements": draining.statements,
    "latency": picking.latency,
    "load": picking.load,
    "single": enqueuing.single,
    "bulk": enqueuing.bulk,
    "web": enqueuing.web,
    "claim": claiming.claim,
    "idle": idling.idle,
    "memory": idling.memory,
    "look": looking.look,
    "processes": scaling.processes,
    "waiting": scaling.waiting,
    "soak": soaking.soak,
}
