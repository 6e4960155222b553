"""The auditor: compares the independent record with the tables. Pure: it is given both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .journal import Record

FINISHED = {"completed", "failed", "cancelled"}
ATOMIC = {"chaos.atomic", "chaos.atomic_parent", "chaos.atomic_process", "chaos.atomic_aimed", "chaos.completing"}
PARENT = "chaos.atomic_parent"


@dataclass(frozen=True)
class Row:
    """A job as its row tells of it."""

    id: str
    name: str
    status: str
    attempts: int = 1
    max_attempts: int = 6
    claim_token: int = 1
    error: str = ""
    parent: str = ""


@dataclass
class Tables:
    """What stands in the database at the end."""

    jobs: list[Row]
    attempts: list[tuple[str, int, int]] = field(default_factory=list)
    """Job, claim token and number of each attempt that left a row."""
    effects: Counter[str] = field(default_factory=Counter)
    """How many rows the atomic jobs left, by job."""

    def __post_init__(self) -> None:
        self.by_id = {row.id: row for row in self.jobs}


@dataclass(frozen=True)
class Retries:
    """How often the hand made a finished job run again."""

    after_completion: int = 0
    all: int = 0
    unsure: int = 0
    """Those whose answer was lost."""


Breaches = Iterator[str]


def lost(record: Record, tables: Tables) -> Breaches:
    """Committed jobs that are not in the table."""
    yield from record.jobs("enqueued") - tables.by_id.keys()


def stuck(record: Record, tables: Tables) -> Breaches:
    """Jobs that have not ended."""
    yield from (f"{row.id} {row.name} is {row.status}" for row in tables.jobs if row.status not in FINISHED)


def rolled_back_but_there(record: Record, tables: Tables) -> Breaches:
    """Jobs whose transaction rolled back, in the table or begun."""
    yield from record.jobs("rolled back") & (tables.by_id.keys() | record.jobs("began"))


def unknown(record: Record, tables: Tables) -> Breaches:
    """Jobs in the table that nobody enqueued, and jobs begun that are not in the table."""
    yield from tables.by_id.keys() - record.jobs("intended")
    yield from record.jobs("began") - tables.by_id.keys()


def completed_without_effect(record: Record, tables: Tables) -> Breaches:
    """Completed jobs whose handler never came to its end."""
    done = record.jobs("did")
    yield from (f"{row.id} {row.name}" for row in tables.jobs if row.status == "completed" and row.id not in done)


def ended_without_reason(record: Record, tables: Tables) -> Breaches:
    """Failed and cancelled jobs that do not say why."""
    ended = (row for row in tables.jobs if row.status in {"failed", "cancelled"})
    yield from (f"{row.id} {row.name} {row.status}" for row in ended if not row.error)


def ended_twice(record: Record, tables: Tables) -> Breaches:
    """Claims with two outcomes, and jobs that were told to have ended oftener than they could."""
    counts = Counter((job, token) for job, token, _ in tables.attempts)
    yield from (f"{job}: {count} outcomes of claim {token}" for (job, token), count in counts.items() if count > 1)
    completed = (row for row in tables.jobs if row.status == "completed")
    yield from (f"{row.id}: completed, and something else" for row in completed if counts[row.id, row.claim_token])
    retries = retries_of(record)
    for job, count in Counter(line.job for line in record.lines("told")).items():
        again = retries.get(job, Retries())
        if count > 1 + again.all + again.unsure:
            yield f"{job}: told {count} times to have ended"


def told_but_untrue(record: Record, tables: Tables) -> Breaches:
    """Jobs that were told to have ended in a way in which they have not."""
    retried = retries_of(record)
    for line in record.lines("told"):
        row = tables.by_id.get(line.job)
        if line.job not in retried and (row is None or row.status != line.said["status"]):
            yield f"{line.job}: told {line.said['status']}, and is {row and row.status}"


def atomic_not_once(record: Record, tables: Tables) -> Breaches:
    """Atomic jobs with more or fewer rows than completions."""
    for row, fewest, most in _completions(record, tables, ATOMIC):
        if not fewest <= tables.effects[row.id] <= most:
            yield f"{row.id} {row.name} {row.status}: {tables.effects[row.id]} rows, completed {fewest} times"


def children_not_once(record: Record, tables: Tables) -> Breaches:
    """Atomic jobs that enqueued more or fewer jobs than they completed."""
    children = Counter(row.parent for row in tables.jobs if row.parent)
    for row, fewest, most in _completions(record, tables, {PARENT}):
        if not fewest <= children[row.id] <= most:
            yield f"{row.id} {row.status}: {children[row.id]} children, completed {fewest} times"


def attempts_beyond_the_limit(record: Record, tables: Tables) -> Breaches:
    """Jobs that were tried oftener than they may be."""
    yield from (f"{row.id}: {row.attempts} attempts" for row in tables.jobs if row.attempts > row.max_attempts)
    for job, _, number in tables.attempts:
        if job in tables.by_id and number > tables.by_id[job].max_attempts:
            yield f"{job}: attempt {number} of {tables.by_id[job].max_attempts}"


PROMISES: dict[str, Callable[[Record, Tables], Breaches]] = {
    "committed jobs lost": lost,
    "jobs stuck": stuck,
    "rolled-back jobs that exist or ran": rolled_back_but_there,
    "jobs that nobody enqueued": unknown,
    "jobs completed without having run": completed_without_effect,
    "jobs ended without a reason": ended_without_reason,
    "attempts with two outcomes": ended_twice,
    "signals that told an untruth": told_but_untrue,
    "atomic jobs whose rows are not exactly one": atomic_not_once,
    "atomic jobs whose children are not exactly one": children_not_once,
    "jobs tried beyond their limit": attempts_beyond_the_limit,
}


def audit(record: Record, tables: Tables) -> dict[str, list[str]]:
    """Return the breaches of each promise."""
    return {promise: sorted(find(record, tables)) for promise, find in PROMISES.items()}


def retries_of(record: Record) -> dict[str, Retries]:
    """Return what the hand retried; the status that it read before tells what the job's last run was."""
    found: dict[str, Retries] = {}
    for line in record.lines("retried"):
        so_far, done = found.get(line.job, Retries()), line.said["done"]
        found[line.job] = Retries(
            so_far.after_completion + (done is True and line.said["status"] == "completed"),
            so_far.all + (done is True),
            so_far.unsure + (done is None),
        )
    return found


def _completions(record: Record, tables: Tables, names: set[str]) -> Iterator[tuple[Row, int, int]]:
    """Yield the jobs of these handlers with how often each completed, at least and at most."""
    retried = retries_of(record)
    for row in tables.jobs:
        if row.name in names:
            again = retried.get(row.id, Retries())
            times = (row.status == "completed") + again.after_completion
            yield row, times, times + again.unsure
