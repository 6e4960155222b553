"""Committing a handler's writes and its completion together: effects in the database exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..arguments import result_json
from ..exceptions import ClaimLost
from ..states import Outcome
from ..store import Report, get_store
from .running import Running


class Completion:
    """What a job completes with when its transaction commits."""

    result: Any = None


@contextmanager
def completing(running: Running) -> Iterator[Completion]:
    """Open a transaction at whose end the job is completed, or nothing at all is written.

    Raise `ClaimLost`, and roll back, when the job was given to another worker meanwhile.
    """
    claim, store = running.claim, get_store(running.alias)
    completion = Completion()
    try:
        with store.transaction():
            yield completion
            running.stretch.leave()  # what came between the commit and its note would make the job look lost
            if running.interruption is not None:
                raise running.interruption
            report = Report(claim.id, claim.claim_token, Outcome.COMPLETED, result_json(completion.result))
            if not store.finish([report]):
                raise ClaimLost(f"{claim.name} {claim.id} was taken from this worker; its writes are rolled back.")
        running.completion = report
    finally:
        running.stretch.resume()
