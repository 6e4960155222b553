"""Run the tests on every database that this machine has: SQLite, PostgreSQL, MySQL or MariaDB.

A server is found by trying a few usual addresses; POSTGRESQL_URL and MYSQL_URL name others. The account
must be allowed to create databases: the tests make their own and remove them. What stands after `--` goes
to pytest.
"""

import argparse
import getpass
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from urllib.parse import unquote, urlsplit

PROBE = f"django_jobs_probe_{os.getpid()}"
USER = getpass.getuser()

CANDIDATES = {
    "postgresql": [
        "postgres://postgres@127.0.0.1:5432",
        f"postgres://{USER}@127.0.0.1:5432",
        "postgres://postgres:postgres@127.0.0.1:5432",
        "postgres://django_jobs:django_jobs@127.0.0.1:5432",
        f"postgres://{USER}@%2Fvar%2Frun%2Fpostgresql",
    ],
    "mysql": [
        "mysql://root@127.0.0.1:3306",
        "mysql://root:root@127.0.0.1:3306",
        f"mysql://{USER}@127.0.0.1:3306",
        "mysql://django_jobs:django_jobs@127.0.0.1:3306",
    ],
}


def try_postgresql(url: str) -> None:
    """Create a database on this server and drop it, or raise."""
    psycopg = import_module("psycopg")
    with psycopg.connect(f"{url}/postgres", connect_timeout=3, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {PROBE}")
        connection.execute(f"DROP DATABASE {PROBE}")


def try_mysql(url: str) -> None:
    """Create a database on this server and drop it, or raise."""
    parts = urlsplit(url)
    connection = import_module("MySQLdb").connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        connect_timeout=3,
    )
    try:
        connection.query(f"CREATE DATABASE {PROBE}")
        connection.query(f"DROP DATABASE {PROBE}")
    finally:
        connection.close()


TRIES: dict[str, Callable[[str], None]] = {"postgresql": try_postgresql, "mysql": try_mysql}


def find(vendor: str) -> tuple[str | None, str]:
    """Return the address of a server that can be used, and why there is none."""
    given = os.environ.get(f"{vendor.upper()}_URL")
    reason = ""
    for url in [given.rstrip("/")] if given else CANDIDATES[vendor]:
        try:
            TRIES[vendor](url)
        except ModuleNotFoundError as error:
            return None, f"{error.name} is not installed"
        except Exception as error:  # noqa: BLE001 - each driver has its own errors, and each means "not this one"
            reason = reason or f"{urlsplit(url).netloc.rpartition('@')[2]}: {' '.join(str(error).split())}"
        else:
            return url, ""
    return None, reason


def run_pytest(url: str, arguments: list[str]) -> int:
    """Run the tests on this database and return pytest's exit code."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if url:
        environment["DATABASE_URL"] = url
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


def run_on(vendor: str, required: bool, arguments: list[str]) -> tuple[str, bool]:
    """Run the tests on one vendor's server; return what to tell of it, and whether that is good enough."""
    server, reason = ("", "") if vendor == "sqlite" else find(vendor)
    if server is None:
        print(f"\n==== {vendor}: no server to test on ({reason})", flush=True)
        return f"not run: {reason}", not required
    print(f"\n==== {vendor} {server.rpartition('@')[2]}", flush=True)
    started = time.monotonic()
    # the process id keeps two runs on one server apart
    code = run_pytest(f"{server}/django_jobs_{os.getpid()}" if server else "", arguments)
    verdict = "passed" if code == 0 else f"failed (pytest ended with {code})"
    return f"{verdict} in {time.monotonic() - started:.0f} s", code == 0


def read_command_line() -> tuple[argparse.Namespace, list[str]]:
    """Return our options, and what is left for pytest."""
    vendors = ["sqlite", *CANDIDATES]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--on", action="append", choices=vendors, help="only on this one; may be repeated")
    parser.add_argument("--require", action="store_true", help="fail where no server is found")
    parser.add_argument("--find", action="store_true", help="only look for the servers")
    ours, dashes, rest = sys.argv[1:], "--", []
    if dashes in ours:
        at = ours.index(dashes)
        ours, rest = ours[:at], ours[at + 1 :]
    return parser.parse_args(ours), rest


def tell_servers(vendors: list[str]) -> bool:
    """Print which servers there are; return whether all were found."""
    found = {vendor: find(vendor) for vendor in vendors if vendor != "sqlite"}
    for vendor, (url, reason) in found.items():
        print(f"{vendor}: {url.rpartition('@')[2] if url else reason}")
    return all(url for url, _ in found.values())


def main() -> int:
    """Test on one database after the other, then tell how each went."""
    options, arguments = read_command_line()
    vendors = options.on or ["sqlite", *CANDIDATES]
    if options.find:
        return 0 if tell_servers(vendors) else 1
    results = {vendor: run_on(vendor, options.require, arguments) for vendor in vendors}
    print()
    for vendor, (told, _) in results.items():
        print(f"{vendor:<11} {told}")
    return 0 if all(good for _, good in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
