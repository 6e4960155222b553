"""What was to be reached, and whether it was: one row each, computed from the book."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.book import Book
from benchmarks.servers import TITLES, VENDORS


@dataclass(frozen=True)
class Verdict:
    """A row of the table."""

    what: str
    goal: str
    measured: str
    is_met: bool
    reason: str = ""

    @property
    def told(self) -> str:
        """How it came out, in words."""
        return "met" if self.is_met else f"**missed**: {self.reason}" if self.reason else "**missed**"


@dataclass(frozen=True)
class Goal:
    """A bound for figures. Each is a name, or two whose ratio counts; the worst of them decides."""

    what: str
    bound: float
    figures: Sequence[str | tuple[str, str]]
    unit: str = ""
    at_most: bool = False
    note: str = ""
    """What the row adds in words."""
    reason: str = ""
    """Why it is missed, where it is."""

    def verdict(self, book: Book) -> Verdict | None:
        """Return how it came out; None where nothing was measured."""
        found = [spread for figure in self.figures if (spread := _values(book, figure))]
        if not found:
            return None
        worst = (max if self.at_most else min)(found, key=median)
        middle = median(worst)
        is_met = middle <= self.bound if self.at_most else middle >= self.bound
        bound = f"{'at most' if self.at_most else 'at least'} {self._shown(self.bound)}"
        return Verdict(self.what, f"{bound}{self.note}", self._measured(worst), is_met, self.reason)

    def _measured(self, values: Sequence[float]) -> str:
        text = f"{self._shown(median(values))}"
        return text if len(values) == 1 else f"{text} ({number(min(values))}–{number(max(values))})"

    def _shown(self, value: float) -> str:
        return f"{number(value)} {self.unit}" if self.unit else f"× {number(value)}"


def _values(book: Book, figure: str | tuple[str, str]) -> list[float]:
    if isinstance(figure, tuple):
        return book.ratios(*figure)
    return book.figures[figure].values if figure in book.figures else []


def number(value: float) -> str:
    """Return a number with three digits that count, thousands set apart."""
    if value >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


DATABASES = [(vendor, TITLES[vendor]) for vendor in VENDORS]
PAGES = (
    "overview", "queues", "workers", "all jobs", "one status", "one queue", "a search", "a search in one status",
    "the oldest of one status", "a job",
)  # fmt: skip
OURS = "drain/postgresql/django_jobs"
ASYNC = "drain/postgresql/django_jobs async"


def _drain(peer: str, ours: str = OURS) -> tuple[str, str]:
    return ours, f"drain/{peer}"


GOALS = [
    Goal("drain, PostgreSQL, 2 processes: to a bare loop by 100", 0.5, [_drain("postgresql/bare loop")]),
    Goal("… to dj-queue", 10, [_drain("postgresql/dj-queue")]),
    Goal("… to django-tasks-db", 10, [_drain("postgresql/django-tasks-db")]),
    Goal("… to procrastinate", 10, [_drain("postgresql/procrastinate")]),
    Goal("… to Celery with Redis", 10, [_drain("redis/Celery")]),
    Goal("… to huey with Redis", 1, [_drain("redis/huey")]),
    Goal("… to dramatiq with Redis", 1, [_drain("redis/dramatiq")]),
    Goal("… to oban", 1, [_drain("postgresql/oban")]),
    Goal("… to django-q2", 1, [_drain("postgresql/django-q2")]),
    Goal("… to steady-queue", 1, [_drain("postgresql/steady-queue")]),
    Goal("… to chancy", 1, [_drain("postgresql/chancy")]),
    Goal(
        "… with async handlers, to pgqueuer", 1, [_drain("postgresql/pgqueuer", ASYNC)],
        reason="pgqueuer deletes what is done; here each job keeps its row, with times, token and worker",
    ),
    Goal(
        "drain, SQLite, 1 process: to django-tasks-db", 10,
        [("drain/sqlite/django_jobs", "drain/sqlite/django-tasks-db")],
    ),
    Goal(
        "… to huey on its own file", 2, [("drain/sqlite/django_jobs", "drain/sqlite/huey")],
        reason="huey deletes a job as it takes it, and keeps nothing of what became of it, with `synchronous=OFF`",
    ),
    Goal(
        "no-op drain to one with a signal, a log line, progress and a result", 3,
        [(f"work/{vendor}/no-op", f"work/{vendor}/worked") for vendor, _ in DATABASES],
        at_most=True, note=", on the slowest database",
        reason="there one process runs the jobs and writes for each a line, a result and a progress, where a no-op "
        "job is one change of a row",
    ),
    *(
        Goal(
            f"`enqueue` to `Model.objects.create`, {title}", 0.8,
            [(f"single/{vendor}/enqueue", f"single/{vendor}/create")],
        )
        for vendor, title in DATABASES
    ),
    *(
        Goal(
            f"`enqueue_many` to `bulk_create`, {title}", 0.8,
            [(f"bulk/{vendor}/enqueue_many", f"bulk/{vendor}/bulk_create")],
        )
        for vendor, title in DATABASES
    ),
    Goal(
        "`enqueue_many` to pgqueuer's own", 1,
        [("drain/filled/postgresql/django_jobs", "drain/filled/postgresql/pgqueuer")],
        reason="most of the time goes into binding and checking arguments",
    ),
    Goal(
        "pick-up by an idle worker, PostgreSQL: median", 3, ["latency/postgresql/django_jobs/median"], "ms", True,
        reason="processes and threads that sleep are woken one after the other; so woken, the insert and the claim "
        "take 1.3 ms each, in a loop 0.6",
    ),
    Goal("… 99 of 100 within", 15, ["latency/postgresql/django_jobs/p99"], "ms", True),
    Goal("… SQLite: median", 3, ["latency/sqlite/django_jobs/median"], "ms", True),
    Goal("… 99 of 100 within", 15, ["latency/sqlite/django_jobs/p99"], "ms", True),
    Goal("… MariaDB, by polling: median", 1000, ["latency/mysql/django_jobs/median"], "ms", True),
    Goal("pick-up under 200 jobs/s, PostgreSQL: 99 of 100 within", 50, ["load/postgresql/django_jobs/p99"], "ms", True),
    Goal("… SQLite", 50, ["load/sqlite/django_jobs/p99"], "ms", True),
    Goal(
        "… MariaDB", 50, ["load/mysql/django_jobs/p99"], "ms", True,
        reason="nothing wakes a worker there, and the first jobs find it asleep for up to a second",
    ),
    *(
        Goal(
            f"a claim from a table full of other jobs, to an empty one, {title}", 1.2,
            [(f"claim/{vendor}/full by {limit}", f"claim/{vendor}/empty by {limit}") for limit in (1, 100)],
            at_most=True, note=", by 1 and by 100",
        )
        for vendor, title in DATABASES
    ),
    Goal("statements in a full drain, PostgreSQL", 0.1, ["statements/postgresql/django_jobs"], "a job", True),
    Goal("an idle worker, PostgreSQL: processor", 0.5, ["idle/postgresql/django_jobs/cpu"], "% of a core", True),
    Goal("… SQLite", 0.5, ["idle/sqlite/django_jobs/cpu"], "% of a core", True),
    Goal("… PostgreSQL: queries", 2, ["idle/postgresql/django_jobs/queries"], "a second", True),
    Goal(
        "two processes and their supervisor, PostgreSQL: memory (PSS)", 120, ["memory/postgresql/django_jobs/pss"],
        "MB", True, reason="Django with psycopg, set up and connected, takes 42 MB a process by itself",
    ),
    Goal(
        "… resident (RSS: shared pages count in each)", 120, ["memory/postgresql/django_jobs/rss"], "MB", True,
        reason="the same, three times",
    ),
    *(
        Goal(
            f"a page of the admin over millions of jobs, {title}", 200,
            [f"look/{vendor}/console/{page}" for page in PAGES], "ms", True, note=", the slowest",
        )
        for vendor, title in DATABASES[:2]
    ),
    Goal("async handlers that sleep 1 s, 500 at once", 450, ["sleep/postgresql/django_jobs"], "jobs/s"),
    Goal(
        "enqueueing by 16 threads while 2 workers drain, to the same inserts alone", 0.8,
        [("web/postgresql/enqueue", "web/postgresql/create")],
        reason="the workers and what the database does for them take about a fifth of the two cores, which the "
        "inserts alone would use up",
    ),
]  # fmt: skip


def verdicts(book: Book, goals: Sequence[Goal] = GOALS) -> Iterator[Verdict]:
    """Yield the rows for what was measured."""
    judge: Callable[[Goal], Verdict | None] = lambda goal: goal.verdict(book)  # noqa: E731 - typed for filter
    yield from filter(None, map(judge, goals))
