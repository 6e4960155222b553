"""Finishing where one statement cannot both test the fence and say whom it let through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ..states import FINISHED, JobStatus, Outcome
from .base import Store
from .claims import Report, cancelled_running
from .reading import read_rows

AGAIN = {JobStatus.PENDING, JobStatus.SCHEDULED}


class StepwiseStore(Store):
    """Lock the claims that still stand, then write their outcomes, in one transaction."""

    def conclude(self, reports: Sequence[Report]) -> dict[UUID, JobStatus]:
        """Write the outcomes whose tokens still stand."""
        with self.transaction():
            now = self.now()
            held = self.held([report.id for report in reports])
            standing = [
                _unless_cancelled(report, held[report.id, report.claim_token])
                for report in reports
                if (report.id, report.claim_token) in held
            ]
            with self.connection.cursor() as cursor:
                cursor.executemany(f"UPDATE {self.table} {_CONCLUDE}", [self._row(report, now) for report in standing])
        return {report.id: report.status for report in standing}

    def held(self, ids: Sequence[UUID]) -> dict[tuple[UUID, int], str | None]:
        """Return the claims of these jobs that stand, locked, and why each was cancelled if it was asked to be."""
        rows = self.query(
            f"SELECT id, claim_token, cancel_requested_at, cancel_reason FROM {self.table} {self.walking('PRIMARY')} "
            f"WHERE id IN ({self.marks(ids)}) AND status = 'running' ORDER BY id {self.locking}",
            self.prepared_ids(ids),
        )
        names = ("id", "claim_token", "cancel_requested_at", "cancel_reason")
        read = read_rows(self.model, names, rows, self.connection)
        return {(pk, token): reason if asked else None for pk, token, asked, reason in read}

    def _row(self, report: Report, now: datetime) -> tuple[Any, ...]:
        return (
            report.status.value,
            report.result,
            report.error,
            self.prepared("run_after", now + report.delay) if report.status is JobStatus.SCHEDULED else None,
            self.prepared("finished_at", now) if report.status in FINISHED else None,
            int(report.refunds),
            int(report.rescued),
            self.prepared("id", report.id),
            report.claim_token,
        )


def _unless_cancelled(report: Report, reason: str | None) -> Report:
    """Return the report of a job that was not asked to be cancelled; one that would run again is cancelled instead."""
    if reason is None or report.status not in AGAIN:
        return report
    return report._replace(outcome=Outcome.CANCELLED, error=report.error or cancelled_running(reason))


_CONCLUDE = (
    "SET status = %s, result = %s, error = %s, run_after = COALESCE(%s, run_after), finished_at = %s, "
    "attempts = attempts - %s, rescues = rescues + %s WHERE id = %s AND claim_token = %s"
)
