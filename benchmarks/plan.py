"""What a run is to do: sizes, rounds, databases, contestants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.book import Book
from benchmarks.catalogue import PEERS, Contestant
from benchmarks.servers import Database


@dataclass(frozen=True)
class Plan:
    """The sizes of a run: small with `quick`, which shows that everything works, and little more."""

    databases: dict[str, Database]
    quick: bool = False
    rounds: int = 5
    peers: Sequence[Contestant] = field(default_factory=lambda: PEERS)
    soak_rate: int = 100
    soak_minutes: float = 20.0

    @property
    def drain_seconds(self) -> float:
        """About how long a drain lasts."""
        return 1.0 if self.quick else 6.0

    @property
    def seldom(self) -> Plan:
        """The same with two rounds at most: for what takes long and hardly differs."""
        return replace(self, rounds=min(self.rounds, 2))

    def jobs(self, contestant: Contestant, processes: int = 1) -> int:
        """Return how many jobs make a drain of that length."""
        return max(int(contestant.pace * self.drain_seconds * min(processes, 2) ** 0.5), 300)

    def size(self, quick: int, full: int) -> int:
        """Return one of two sizes."""
        return quick if self.quick else full

    def present(self, contestants: Sequence[Contestant]) -> list[Contestant]:
        """Return those whose database is there."""
        return [contestant for contestant in contestants if contestant.vendor in self.databases]

    def in_turn(self, contestants: Sequence[Contestant], book: Book, scenario: str) -> Iterator[Contestant]:
        """Yield all contestants in each round, A B C A B C, but for those that failed."""
        for number in range(1, self.rounds + 1):
            for contestant in contestants:
                if f"{scenario}/{contestant.key}" not in book.failures:
                    print(f"  {number}/{self.rounds} {contestant.key}", flush=True)
                    yield contestant

    def measure(
        self, contestants: Sequence[Contestant], book: Book, scenario: str, action: Callable[[Contestant, str], None]
    ) -> None:
        """Measure all contestants in turn; who fails is named with the reason, and left out from then on."""
        for contestant in self.in_turn(self.present(contestants), book, scenario):
            name = f"{scenario}/{contestant.key}"
            try:
                action(contestant, name)
            except Exception as error:  # noqa: BLE001 - a long run goes on without what failed, and names it
                book.fail(name, " ".join(str(error).split()))
                print(f"    failed: {error}", flush=True)
