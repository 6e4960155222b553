"""Private database servers in a directory of their own, which can be crashed: nobody else's is touched."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from django.db import DatabaseError, connection

from .processes import family_of, send

START_WITHIN = 60.0
POSTGRESQL = "usr/lib/postgresql/*/bin"
"""Where Debian keeps the programs of each version."""


class SQLite:
    """A file: there is no server to restart and no connection to drop."""

    vendor = "sqlite"
    faults: tuple[str, ...] = ()

    def __init__(self, directory: Path) -> None:
        self.url = f"sqlite:///{directory / 'chaos.sqlite3'}"

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class Server:
    """A server process that this process starts, crashes and restarts."""

    vendor = ""
    account = ""
    """Whom to run it as where this process is root."""
    faults = ("restart the server", "suspend the server past the lease", "drop connections")
    restarts: tuple[signal.Signals, ...] = ()

    def __init__(self, directory: Path) -> None:
        self.directory = directory / self.vendor
        self.directory.mkdir()
        self._user = _unprivileged(self.account) if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self.directory, self._user, -1)
        self.data = self.directory / "data"
        self.port = _free_port()
        self._log = (directory / f"{self.vendor}.log").open("ab")

    def start(self) -> None:
        """Prepare the data directory, start the server, and wait until it answers."""
        self.prepare()
        self._launch()

    def restart(self, rng: random.Random) -> str:
        """End the server, mostly without a farewell, and start it again; return how."""
        number = rng.choice(self.restarts)
        self._end(number)
        self._launch()
        return number.name

    def suspend(self, seconds: float) -> None:
        """Let the server be silent, its connections open, for so long."""
        family = family_of(self._process.pid)
        send(family, signal.SIGSTOP)
        time.sleep(seconds)
        send(family, signal.SIGCONT)

    def drop_connections(self, rng: random.Random) -> int:
        """Cut some of the connections of others; return how many."""
        cut = [pid for pid in self.others() if rng.random() < 0.6]
        for pid in cut:
            try:
                self.query(f"{self.cutting} {pid}" if self.vendor == "mysql" else f"{self.cutting}({pid})")
            except DatabaseError:  # it has gone by itself
                continue
        return len(cut)

    cutting = ""
    others_sql = ""

    def others(self) -> list[int]:
        return [pid for (pid,) in self.query(self.others_sql)]

    @staticmethod
    def query(sql: str) -> list[tuple[int, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def stop(self) -> None:
        """End the server for good."""
        if getattr(self, "_process", None) is not None and self._process.poll() is None:
            self._end(self.restarts[0])
        self._log.close()

    def prepare(self) -> None:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        """Tell whether the server takes statements."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                pass
            self.create_database()
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def create_database(self) -> None:
        raise NotImplementedError

    def run(self, *command: str) -> None:
        subprocess.run(
            command, check=True, user=self._user, cwd=self.directory, stdout=self._log, stderr=self._log,
        )  # fmt: skip

    def _launch(self) -> None:
        self._process = subprocess.Popen(
            self.command(), user=self._user, cwd=self.directory, stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=self._log, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + START_WITHIN
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.vendor} did not start: see {self._log.name}")
            time.sleep(0.05)

    def _end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait(START_WITHIN)


class PostgreSQL(Server):
    """A cluster; SIGQUIT is its immediate stop, which recovers from the log at the next start."""

    vendor = "postgresql"
    account = "postgres"
    restarts = (signal.SIGQUIT, signal.SIGQUIT, signal.SIGINT)
    cutting = "SELECT pg_terminate_backend"
    others_sql = "SELECT pid FROM pg_stat_activity WHERE datname = 'chaos' AND pid <> pg_backend_pid()"

    @property
    def url(self) -> str:
        return f"postgres://chaos@127.0.0.1:{self.port}/chaos"

    def prepare(self) -> None:
        self.run(
            _installed("initdb", POSTGRESQL), "--pgdata", str(self.data),
            "--username", "chaos", "--auth", "trust", "--encoding", "UTF8", "--no-sync",
        )  # fmt: skip

    def command(self) -> list[str]:
        return [
            _installed("postgres", POSTGRESQL), "-D", str(self.data), "-p", str(self.port),
            "-k", str(self.directory), "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
        ]  # fmt: skip

    def create_database(self) -> None:
        psql = [_installed("psql", POSTGRESQL), "-h", str(self.directory), "-p", str(self.port)]
        psql += ["-U", "chaos", "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
        # \gexec: there is no CREATE DATABASE IF NOT EXISTS
        absent = "NOT EXISTS (SELECT FROM pg_database WHERE datname = 'chaos')"
        ask = f"SELECT 'CREATE DATABASE chaos' WHERE {absent} \\gexec"
        subprocess.run(psql, input=ask.encode(), check=True, stdout=self._log, stderr=self._log)


class MariaDB(Server):
    """An instance; SIGKILL is a crash, after which it recovers from its log."""

    vendor = "mysql"
    account = "mysql"
    restarts = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)
    cutting = "KILL CONNECTION"
    others_sql = (
        "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND db = 'chaos' AND user = 'root'"
    )

    @property
    def url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/chaos"

    def prepare(self) -> None:
        self.run(
            _installed("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
            "--auth-root-authentication-method=normal",
        )  # fmt: skip

    def command(self) -> list[str]:
        return [
            _installed("mariadbd", "usr/sbin"), "--no-defaults", f"--datadir={self.data}", f"--port={self.port}",
            f"--socket={self.directory / 'socket'}", f"--pid-file={self.directory / 'pid'}",
            "--bind-address=127.0.0.1", "--max-connections=200", "--skip-name-resolve",
        ]  # fmt: skip

    def create_database(self) -> None:
        self.run(
            _installed("mariadb"), "--no-defaults", f"--socket={self.directory / 'socket'}", "--user=root",
            "--execute=CREATE DATABASE IF NOT EXISTS chaos CHARACTER SET utf8mb4",
        )  # fmt: skip


SERVERS: dict[str, type[SQLite] | type[Server]] = {"sqlite": SQLite, "postgresql": PostgreSQL, "mysql": MariaDB}


def _unprivileged(account: str) -> int:
    for name in (account, "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise RuntimeError(f"there is no account to run a server as: neither {account} nor nobody")


def _installed(program: str, *places: str) -> str:
    beside = [str(path) for place in places for path in sorted(Path("/").glob(f"{place}/{program}"), reverse=True)]
    found = next(iter(beside), None) or shutil.which(program)
    if found is None:
        raise RuntimeError(f"{program} is not installed")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
