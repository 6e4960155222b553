"""A virtual environment for each peer, outside of git, made when first needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from benchmarks.catalogue import Contestant
from benchmarks.children import ROOT, ChildFailed, end_of

CACHE = ROOT / ".bench"
WORK = CACHE / "runs" / str(os.getpid())
"""What one run works with; gone when it ends."""


def python_of(contestant: Contestant) -> Path:
    """Return the interpreter that the contestant runs on, with its packages installed; raise ChildFailed."""
    if not contestant.is_peer:
        return Path(sys.executable)
    folder = CACHE / "peers" / contestant.name.lower()
    stamp = folder / "installed"
    if not stamp.exists():
        _install(contestant, folder)
        stamp.write_text("\n".join(contestant.packages), encoding="utf-8")
    return folder / "bin" / "python"


def _install(contestant: Contestant, folder: Path) -> None:
    """Make the environment with this Python, or the next one found that is new enough for the peer."""
    log = CACHE / f"install-{contestant.name.lower()}.log"
    _run([interpreter(contestant.python), "-m", "venv", "--clear", str(folder)], log)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([*pip, "--upgrade", *contestant.packages], log)


def _run(command: list[str], log: Path) -> None:
    with log.open("wb") as out:
        code = subprocess.run(command, stdout=out, stderr=out, check=False, timeout=900).returncode
    if code:
        raise ChildFailed(f"cannot be installed: {end_of(log)}")


@cache
def interpreter(oldest: tuple[int, int]) -> str:
    """Return this Python, or else a newer one that can make virtual environments: on the path, or pyenv's."""
    if sys.version_info[:2] >= oldest:
        return sys.executable
    on_path = [shutil.which(f"python3.{minor}") for minor in (13, 14, 12)]
    of_pyenv = [str(path) for path in sorted(Path.home().glob(".pyenv/versions/3.1[2-4]*/bin/python3"), reverse=True)]
    for found in filter(None, [*on_path, *of_pyenv]):
        if subprocess.run([found, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0:
            return found
    raise ChildFailed(f"wants Python {oldest[0]}.{oldest[1]} or newer, which is not found here")


VERSIONS = """
import sys, importlib.metadata as found
told = ["Python %d.%d" % sys.version_info[:2]]
if any(one.name == "Django" for one in found.distributions()):
    told.append("Django " + found.version("Django"))
print(found.version(sys.argv[1]), "with", ", ".join(told))
"""


@cache
def version_of(contestant: Contestant) -> str:
    """Return the installed version of a peer, and what it runs on, as `1.2 with Python 3.13, Django 6.1`."""
    name = contestant.packages[0].partition("[")[0]
    command = [str(python_of(contestant)), "-c", VERSIONS, name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
