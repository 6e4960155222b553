"""The random hand: it breaks things, one after the other, as its seed says, and notes what it did."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection

from django.db import DatabaseError, InterfaceError, connections

from django_jobs.models import Job

from .hosts import Host, Hosts, Supervised
from .journal import note
from .processes import send
from .servers import Server, SQLite
from .settings import LEASE

TICK = 0.05


class Hand:
    """Does one act every few seconds. Each act is a method; its weight says how often."""

    def __init__(
        self, rng: random.Random, hosts: Hosts, server: SQLite | Server, pause: float, only: Collection[str] = ()
    ) -> None:
        self._rng = rng
        self._hosts = hosts
        self._server = server
        self._pause = pause
        self._alarms: list[threading.Timer] = []
        self.acts: Counter[str] = Counter()
        acts: dict[str, tuple[int, Callable[[], object]]] = {
            "kill a worker": (6, self._kill_worker),
            "kill a supervisor": (1, self._kill_supervisor),
            "kill a host": (2, self._kill_host),
            "kill a handler's process": (2, self._kill_handler),
            "suspend a worker past its lease": (2, self._suspend_worker),
            "suspend a host past its lease": (1, self._suspend_host),
            "terminate": (2, self._terminate),
            "kill an enqueuer": (1, self._kill_enqueuer),
            "cancel jobs": (3, self._cancel),
            "retry jobs": (3, self._retry),
            "restart the server": (2, self._restart_server),
            "suspend the server past the lease": (1, self._suspend_server),
            "drop connections": (3, self._drop_connections),
        }
        if unknown := set(only) - acts.keys():
            raise ValueError(f"No such acts: {', '.join(sorted(unknown))}. There are {', '.join(acts)}.")
        missing = set(Server.faults) - set(server.faults)
        self._acts = {name: act for name, act in acts.items() if name not in missing and name in (only or acts)}
        if not self._acts:
            raise ValueError(f"Nothing of this can be done to {server.vendor}: {', '.join(only)}.")

    def play(self, seconds: float) -> None:
        """Break things for so long, and replace what is dead."""
        until = time.monotonic() + seconds
        due = time.monotonic() + self._pause
        while time.monotonic() < until:
            self._hosts.tend()
            if time.monotonic() >= due:
                self._act()
                due = time.monotonic() + self._rng.expovariate(1 / self._pause)
            time.sleep(TICK)

    def let_go(self) -> None:
        """Wait until all that were suspended are awake."""
        for timer in self._alarms:
            timer.join()

    def _act(self) -> None:
        names = list(self._acts)
        (name,) = self._rng.choices(names, [self._acts[name][0] for name in names])
        try:
            self._acts[name][1]()
        except (DatabaseError, InterfaceError) as error:
            note("failed act", name=name, error=str(error))
        finally:
            connections.close_all()
        self.acts[name] += 1

    # Processes.

    def _some_host(self) -> Host:
        return self._rng.choice(self._hosts.workers)

    def _some_supervisor(self) -> Host:
        return self._rng.choice([host for host in self._hosts.workers if isinstance(host, Supervised)])

    def _some_worker(self) -> tuple[Host, list[int]]:
        host = self._some_host()
        workers = sorted(host.workers())
        return host, [self._rng.choice(workers)] if workers else []

    def _kill_worker(self) -> None:
        host, pids = self._some_worker()
        _kill(pids, "supervised" if isinstance(host, Supervised) else "alone", pids)

    def _kill_supervisor(self) -> None:
        send([self._some_supervisor().pid], signal.SIGKILL)

    def _kill_host(self) -> None:
        host = self._some_supervisor()
        _kill(host.workers(), "alone", list(host.living()))

    def _kill_handler(self) -> None:
        found = [pid for host in self._hosts.workers for pid in host.handlers()]
        send(self._rng.sample(found, min(1, len(found))), signal.SIGKILL)

    def _kill_enqueuer(self) -> None:
        send([self._rng.choice(self._hosts.enqueuers).pid], signal.SIGKILL)

    def _suspend_worker(self) -> None:
        self._suspend(self._some_worker()[1])

    def _suspend_host(self) -> None:
        self._suspend(list(self._some_host().living()))

    def _suspend(self, pids: list[int]) -> None:
        """Wake them from a thread of its own: on SQLite this one may have to wait for a lock that they hold."""
        send(pids, signal.SIGSTOP)
        note("suspended", pids=pids)
        timer = threading.Timer(LEASE * self._rng.uniform(1.2, 2), send, [pids, signal.SIGCONT])
        self._alarms.append(timer)
        timer.start()

    def _terminate(self) -> None:
        send([self._some_host().pid], signal.SIGTERM)

    # Jobs. Only this hand moves a finished job, so what it reads of one still holds when it retries it.

    def _cancel(self) -> None:
        for record in self._sample(list(Job.objects.unfinished()[:200])):
            note("cancelled", job=str(record.pk), done=record.cancel("the hand"))

    def _retry(self) -> None:
        for record in self._sample(list(Job.objects.finished()[:200])):
            status, done = record.status, None
            try:
                done = record.retry()
            finally:
                note("retried", job=str(record.pk), status=status, done=done)

    def _sample(self, records: list[Job]) -> list[Job]:
        return self._rng.sample(records, min(3, len(records)))

    # The database.

    def _restart_server(self) -> None:
        assert isinstance(self._server, Server)
        note("restarted", how=self._server.restart(self._rng))

    def _suspend_server(self) -> None:
        assert isinstance(self._server, Server)
        note("server suspended")
        self._server.suspend(LEASE * self._rng.uniform(1.1, 1.6))

    def _drop_connections(self) -> None:
        """Cut some, a few times in a row, so that some are cut in the middle of a claim or a commit."""
        assert isinstance(self._server, Server)
        for _ in range(self._rng.randint(1, 8)):
            note("dropped", count=self._server.drop_connections(self._rng))
            time.sleep(self._rng.uniform(0, 0.1))


def _kill(workers: list[int], whose: str, pids: list[int]) -> None:
    note("killed", pids=workers, whose=whose)
    send(pids, signal.SIGKILL)
