"""What the figures were taken on, and with: nothing that names a host or a person."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.catalogue import PEERS
from benchmarks.children import ChildFailed
from benchmarks.environments import CACHE, version_of
from benchmarks.servers import TITLES, Database

PACKAGES = ("Django", "psycopg", "mysqlclient")


def describe(databases: dict[str, Database]) -> dict[str, Any]:
    """Return the machine and the versions of all that takes part."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory": f"{round(os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30)} GB",
        "system": platform.system(),
        "command": " ".join(["python -m benchmarks", *(Path(word).name for word in sys.argv[1:])]),
        "versions": {
            "Python": platform.python_version(),
            **{name: found for name in PACKAGES if (found := _installed(name))},
            **{TITLES[vendor]: database.version() for vendor, database in databases.items()},
        },
        "peers": {peer.name: _peer(peer) for peer in PEERS},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _peer(peer: Any) -> str:
    """Return a peer's version, without installing what no scenario asked for."""
    if not (CACHE / "peers" / peer.name.lower() / "installed").exists():
        return "not installed"
    try:
        return version_of(peer)
    except ChildFailed as error:
        return str(error)
