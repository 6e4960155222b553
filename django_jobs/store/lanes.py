"""Looking at the queues: how many jobs wait in each, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .base import Store
from .reading import read_rows


def waiting(store: Store, queue_names: Sequence[str], limit: int) -> dict[str, tuple[int, datetime]]:
    """Return how many jobs are pending in each of these queues that has any, and when the oldest fell due.

    Counting stops at `limit`, the most urgent first. Behind so many, only the least urgent jobs are asked too: they
    wait the longest. The fetch index holds all of this, and every value is a constant, as MariaDB wants it.
    """
    pending = f"FROM {store.table} {store.walking('django_jobs_fetch')} WHERE status = 'pending' AND queue_name = %s"
    urgent = f"SELECT run_after {pending} ORDER BY priority DESC LIMIT {limit:d}"
    lowest = f"SELECT priority {pending} ORDER BY priority LIMIT 1"
    least = f"SELECT run_after {pending} AND priority = ({lowest}) ORDER BY run_after LIMIT 1"
    lanes = [
        f"SELECT {place}, COUNT(*), MIN(run_after), ({least}) FROM ({urgent}) AS urgent"
        for place in range(len(queue_names))
    ]
    if not lanes:
        return {}
    rows = sorted(store.query(" UNION ALL ".join(lanes), [name for name in queue_names for _ in range(3)]))
    dues = read_rows(store.model, ("run_after", "run_after"), (row[2:] for row in rows), store.connection)
    read = zip(queue_names, rows, dues, strict=True)
    return {name: (depth, min(due)) for name, (_place, depth, *_rest), due in read if depth}
