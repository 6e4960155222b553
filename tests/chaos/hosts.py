"""The simulated hosts: process groups that run workers, are broken, and are replaced."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .processes import Process, processes_of, send

RUNJOBS = ["-m", "django", "runjobs", "--threads", "3", "--noreload"]
FORKSERVER = "multiprocessing.forkserver"


class Host:
    """One command in a process group of its own; when it has ended it is started again."""

    def __init__(self, name: str, command: list[str], logs: Path) -> None:
        self.name = name
        self._command = [sys.executable, *command]
        self._log = logs / f"{name}.log"
        self.groups: list[int] = []
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as stream:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.groups.append(self._process.pid)

    def tend(self) -> None:
        """Replace it if it is dead."""
        if self._process.poll() is not None:
            self.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def living(self) -> dict[int, Process]:
        return processes_of(self.pid)

    def workers(self) -> list[int]:
        """Return the processes that run jobs."""
        return [self.pid] if self.is_alive else []

    def handlers(self) -> list[int]:
        """Return the processes of single handlers: those that a fork server has forked."""
        living = self.living()
        servers = {pid for pid, process in living.items() if FORKSERVER in process.command}
        return [pid for pid in servers if living[pid].parent in servers]

    def stop(self, seconds: float) -> bool:
        """Stop it as a deployment does; return whether it ended in time."""
        send([self.pid], signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        """Kill whatever is left of it, and of those it replaced."""
        for group in self.groups:
            send(processes_of(group), signal.SIGKILL)
        self._process.wait()


class Supervised(Host):
    """A host whose workers run under a supervisor."""

    def workers(self) -> list[int]:
        living = self.living().items()
        return [pid for pid, process in living if process.parent == self.pid and "runjobs" in process.command]


class Hosts:
    """Two hosts with a supervisor and two workers each, two with a lone worker, and two that enqueue."""

    def __init__(self, rng: random.Random, logs: Path, per_second: float) -> None:
        supervised = [Supervised(f"supervisor{n}", [*RUNJOBS, "--processes", "2"], logs) for n in (1, 2)]
        self.workers = [*supervised, *(Host(f"worker{n}", RUNJOBS, logs) for n in (1, 2))]
        self.enqueuers = [
            Host(f"enqueuer{n}", ["-m", "tests.chaos.enqueuer", str(rng.randrange(2**32)), str(per_second / 2)], logs)
            for n in (1, 2)
        ]

    def __iter__(self) -> Iterator[Host]:
        return iter([*self.workers, *self.enqueuers])

    def tend(self) -> None:
        for host in self:
            host.tend()

    def end(self) -> None:
        for host in self:
            host.end()
