"""Who takes part, and how each is set up: versions are the newest that install, settings the best for two cores."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, eq=False)
class Contestant:
    """One queue on one database."""

    name: str
    vendor: str
    module: str
    """The module in `benchmarks.peers`."""
    worker: tuple[str, ...]
    """The worker's command after `python`; `{processes}` is how many processes it has."""
    left: str = ""
    """The question how many jobs are not stored as done; `{total}` is how many there were. Empty: it stores nothing."""
    packages: tuple[str, ...] = ()
    """What pip installs; the first is the one whose version is told. Nothing: it runs where the benchmarks do."""
    settings: str = ""
    """What was set, in words."""
    pace: int = 1000
    """About how many jobs a second to expect: how many are enqueued for a run depends on it."""
    kind: str = "noop"
    """Which handler it runs."""
    processes: int = 0
    """How many processes it has, whatever the scenario says; 0: as that says."""
    alone: tuple[str, ...] = ()
    """The command for one process, where that is another."""
    copies: bool = False
    """Whether several processes are several workers, each started by itself."""
    env: dict[str, str] = field(default_factory=dict)
    python: tuple[int, int] = (3, 11)
    """The oldest Python that it runs on."""

    @property
    def key(self) -> str:
        """The contestant's part of a figure's name."""
        return f"{self.vendor}/{self.name}"

    @property
    def is_peer(self) -> bool:
        """Whether it is another project's."""
        return bool(self.packages)


DJANGO = {"DJANGO_SETTINGS_MODULE": "benchmarks.project"}
UNFINISHED = "SELECT count(*) FROM django_jobs_job WHERE status <> 'completed'"
RUNJOBS = ("-m", "django", "runjobs", "-v0")


def ours(vendor: str, **changes: Any) -> Contestant:
    """Return django_jobs on a database, at its defaults."""
    pace = {"postgresql": 8_000, "sqlite": 10_000, "mysql": 5_000}[vendor]
    usual = Contestant("django_jobs", vendor, "ours", (*RUNJOBS, "--processes", "{processes}"), UNFINISHED)
    return replace(usual, **{"alone": RUNJOBS, "pace": pace, "env": DJANGO, "settings": "defaults", **changes})


def bare(vendor: str, **changes: Any) -> Contestant:
    """Return a loop on the same table that claims and finishes by a hundred, with nothing around it."""
    pace = {"postgresql": 30_000, "sqlite": 80_000, "mysql": 15_000}[vendor]
    command = ("-m", "benchmarks.inside", "benchmarks.peers.bare:work", "[100]")
    usual = Contestant("bare loop", vendor, "bare", command, UNFINISHED, pace=pace, env=DJANGO, copies=True)
    return replace(usual, **changes)


def site(peer: str) -> dict[str, str]:
    """Return the environment of a peer that lives in a Django site."""
    return {"DJANGO_SETTINGS_MODULE": "benchmarks.peers.site", "BENCH_PEER": peer}


POSTGRESQL_DRIVER = "psycopg[binary,pool]"

PEERS = [
    Contestant(
        "django-tasks-db", "postgresql", "tasks_db",
        ("-m", "django", "db_worker", "-v0", "--no-startup-delay", "--interval", "0.1"),
        left="SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status <> 'SUCCESSFUL'",
        packages=("django-tasks-db", POSTGRESQL_DRIVER), pace=500, copies=True, env=site("tasks_db"), python=(3, 12),
        settings="--interval 0.1, kept connections",
    ),
    Contestant(
        "dj-queue", "postgresql", "dj_queue", ("-m", "django", "dj_queue", "--skip-recurring"),
        left="SELECT count(*) FROM dj_queue_jobs WHERE finished_at IS NULL",
        packages=("dj-queue", POSTGRESQL_DRIVER), pace=1_200, env=site("dj_queue"), python=(3, 12),
        settings="3 threads a process, prefetch_multiplier 10, LISTEN, kept connections",
    ),
    Contestant(
        "steady-queue", "postgresql", "steady_queue", ("-m", "django", "steady_queue"),
        left="SELECT count(*) FROM steady_queue_job WHERE finished_at IS NULL",
        packages=("steady-queue", POSTGRESQL_DRIVER), pace=350, env=site("steady_queue"), python=(3, 12),
        settings="3 threads a process, polling_interval 0.01, connection pool",
    ),
    Contestant(
        "django-q2", "postgresql", "django_q2", ("-m", "django", "qcluster"),
        left="SELECT {total} - count(*) FROM django_q_task WHERE success",
        packages=("django-q2", POSTGRESQL_DRIVER), pace=450, env=site("django_q2"), python=(3, 11),
        settings="ORM broker, bulk 50, queue_limit 200, no recycling, poll 0.05, log level WARNING",
    ),
    Contestant(
        "procrastinate", "postgresql", "procrastinate",
        ("-m", "procrastinate", "--log-level", "error", "--app", "benchmarks.peers.procrastinate.app", "worker",
         "--concurrency", "10"),
        left="SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'",
        packages=("procrastinate", POSTGRESQL_DRIVER, "uvloop"), pace=700, copies=True,
        settings="--concurrency 10, async handlers, log level error",
    ),
    Contestant(
        "oban", "postgresql", "oban", ("-m", "benchmarks.inside", "benchmarks.peers.oban:work", "[]"),
        left="SELECT count(*) FROM oban_jobs WHERE state <> 'completed'",
        packages=("oban", "psycopg[binary]", "uvloop"), pace=3_500, copies=True, python=(3, 12),
        settings="queue limit 100, async handlers, uvloop",
    ),
    Contestant(
        "chancy", "postgresql", "chancy", ("-m", "benchmarks.inside", "benchmarks.peers.chancy:work", "[]"),
        left="SELECT count(*) FROM chancy_jobs WHERE state <> 'succeeded'",
        packages=("chancy", "psycopg[binary]", "uvloop"), pace=3_000, copies=True,
        settings="AsyncExecutor, concurrency 500, polling_interval 1, eager_polling, uvloop",
    ),
    Contestant(
        "pgqueuer", "postgresql", "pgqueuer",
        ("-m", "benchmarks.inside", "benchmarks.peers.pgqueuer:work", "[]"),
        left="SELECT count(*) FROM pgqueuer",
        packages=("pgqueuer[asyncpg]", "uvloop"), pace=15_000, copies=True,
        settings="asyncpg and uvloop, async handlers, batch_size 500",
    ),
    Contestant(
        "Celery", "redis", "celery",
        ("-m", "celery", "-A", "benchmarks.peers.celery", "worker", "-c", "{processes}", "-l", "ERROR",
         "--without-gossip", "--without-mingle", "--without-heartbeat", "-O", "fair"),
        packages=("celery[redis]",), pace=1_000,
        settings="prefork, prefetch multiplier 64, no results, no gossip, mingle or heartbeat",
    ),
    Contestant(
        "huey", "redis", "huey",
        ("-m", "huey.bin.huey_consumer", "benchmarks.peers.huey.huey", "-w", "{processes}", "-k", "process",
         "-d", "0.01", "-m", "0.05", "-q", "-n"),
        packages=("huey[redis]",), pace=4_500, settings="process workers, blocking pop, no periodic tasks",
    ),
    Contestant(
        "huey", "sqlite", "huey",
        ("-m", "huey.bin.huey_consumer", "benchmarks.peers.huey.huey", "-w", "{processes}", "-k", "process",
         "-d", "0.01", "-m", "0.05", "-q", "-n"),
        packages=("huey[redis]",), pace=3_500,
        settings="its own file, WAL, synchronous OFF (it offers that or FULL), process worker",
    ),
    Contestant(
        "dramatiq", "redis", "dramatiq",
        ("-m", "dramatiq", "benchmarks.peers.dramatiq", "-p", "{processes}", "-t", "4"),
        packages=("dramatiq[redis]",), pace=3_500, settings="4 threads a process, no results, no Prometheus",
    ),
    Contestant(
        "django-tasks-db", "sqlite", "tasks_db",
        ("-m", "django", "db_worker", "-v0", "--no-startup-delay", "--interval", "0.1"),
        left="SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status <> 'SUCCESSFUL'",
        packages=("django-tasks-db", POSTGRESQL_DRIVER), pace=800, copies=True, env=site("tasks_db"), python=(3, 12),
        settings="--interval 0.1, WAL, IMMEDIATE",
    ),
]  # fmt: skip
