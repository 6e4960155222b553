"""Doing jobs that wait: how many a second."""

from __future__ import annotations

from benchmarks.book import Book
from benchmarks.catalogue import Contestant, bare, ours
from benchmarks.plan import Plan
from benchmarks.race import Race, watch
from benchmarks.stage import Stage
from benchmarks.wire import Wire

PROCESSES = {"sqlite": 1}
"""How many processes drain; two but on a database with one writer."""
SLEEPERS = 500


def own(vendor: str) -> list[Contestant]:
    """Return django_jobs and what it is measured by on one database."""
    return [
        bare(vendor),
        ours(vendor),
        ours(vendor, name="django_jobs async", kind="anoop"),
        bare(vendor, name="bare loop one by one", worker=(*bare(vendor).worker[:-1], "[1]"), pace=1_500),
    ]


def drain(plan: Plan, book: Book) -> None:
    """Drain no-op jobs with all contestants, the bare loops among them."""

    def action(contestant: Contestant, name: str) -> None:
        processes = PROCESSES.get(contestant.vendor, 2)
        total = plan.jobs(contestant, processes)
        stage = Stage(contestant, plan.databases[contestant.vendor])
        if contestant.module == "bare":
            stage.call("benchmarks.claims:wait", total)
        else:
            seconds = stage.call("fill", total, contestant.kind)
            book.add(name.replace("drain/", "drain/filled/", 1), total / seconds, "jobs/s")
        book.add(name, run(stage, total, processes).rate, "jobs/s")

    single = [bare("postgresql", name="bare loop, 1 process", processes=1)]
    vendors = ("postgresql", "sqlite", "mysql")
    everybody = [contestant for vendor in vendors for contestant in own(vendor)] + single + list(plan.peers)
    plan.measure(everybody, book, "drain", action)


def run(stage: Stage, total: int, processes: int, **env: str) -> Race:
    """Start workers on a stage that is filled, and watch them."""
    processes = stage.contestant.processes or processes
    stage.settle()
    with stage.workers(processes, **env):
        return watch(stage, total, processes)


def work(plan: Plan, book: Book) -> None:
    """Drain jobs that log, report progress and return something, with a receiver listening; beside no-op jobs."""
    heard = {"BENCH_RECEIVER": "1"}

    def action(contestant: Contestant, name: str) -> None:
        total = plan.jobs(contestant, 2) // 2
        stage = Stage(contestant, plan.databases[contestant.vendor])
        stage.call("fill", total, contestant.kind)
        book.add(name, run(stage, total, PROCESSES.get(contestant.vendor, 2), **contestant.env).rate, "jobs/s")

    contestants = []
    for vendor in ("postgresql", "sqlite", "mysql"):
        usual = ours(vendor)
        contestants += [
            ours(vendor, name="no-op"),
            ours(vendor, name="worked", kind="worked", env={**usual.env, **heard}, pace=usual.pace // 3),
        ]
    plan.measure(contestants, book, "work", action)


def sleep(plan: Plan, book: Book) -> None:
    """Run async handlers that wait for a second, 500 at once in one process."""

    def action(contestant: Contestant, name: str) -> None:
        total = plan.size(1_500, 5_000)
        stage = Stage(contestant, plan.databases[contestant.vendor], ASYNC_CONCURRENCY=SLEEPERS)
        stage.call("fill", total, "asleep")
        stage.settle()
        with stage.workers(1):
            race = watch(stage, total, 1)
        # the clock starts when the first job ends, a second after it began
        book.add(name, total / (race.seconds + 1), "jobs/s")

    plan.measure([ours(vendor) for vendor in ("postgresql", "sqlite")], book, "sleep", action)


def statements(plan: Plan, book: Book) -> None:
    """Count what the workers and their supervisor send to PostgreSQL in a full drain."""

    def action(contestant: Contestant, name: str) -> None:
        total = plan.size(3_000, 20_000)
        stage = Stage(contestant, plan.databases["postgresql"])
        stage.call("fill", total)
        with Wire(stage.url) as wire, stage.workers(2, url=wire.url):
            watch(stage, total, 2)
            book.add(name, wire.statements / total, "statements/job")

    plan.measure([ours("postgresql")], book, "statements", action)
