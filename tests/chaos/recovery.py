"""How long jobs waited for another worker after theirs was killed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from .journal import Line, Record


def recoveries(record: Record, whose: str) -> list[float]:
    """Return the seconds from each kill to the next beginning of every job whose handler it met at work."""
    begun: dict[str, list[Line]] = defaultdict(list)
    for line in record.lines("began"):
        begun[line.job].append(line)
    ended = {(line.job, line.said["token"]): line.at for line in record.lines("ended")}
    retried = {line.job for line in record.lines("retried")}
    kills = [line for line in record.lines("killed") if line.said["whose"] == whose]
    runs = [lines for job, lines in begun.items() if job not in retried]
    return sorted(seconds for kill in kills for lines in runs for seconds in _recovery(kill, lines, ended))


def _recovery(kill: Line, begun: list[Line], ended: dict[tuple[str, int], float]) -> Iterator[float]:
    before = [line for line in begun if line.at <= kill.at]
    after = [line for line in begun if line.at > kill.at]
    if not before or not after:
        return
    last = before[-1]
    was_at_work = ended.get((last.job, last.said["token"]), kill.at) >= kill.at
    if was_at_work and int(last.said["worker"].rpartition(":")[2]) in kill.said["pids"]:
        yield after[0].at - kill.at


def told(seconds: list[float]) -> str:
    """Return a distribution in words."""
    if not seconds:
        return "none"
    return (
        f"{len(seconds)}: median {median(seconds):.1f} s, 95 % within {percentile(seconds, 0.95):.1f} s, "
        f"longest {seconds[-1]:.1f} s"
    )


def percentile(ordered: list[float], share: float) -> float:
    """Return the value below which this share of an ordered list lies."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
