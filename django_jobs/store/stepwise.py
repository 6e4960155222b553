"""Finishing where one statement cannot both test the fence and say whom it let through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ..states import FINISHED, JobStatus
from .base import Store
from .claims import Report
from .reading import read_rows

AGAIN = {JobStatus.PENDING, JobStatus.SCHEDULED}


class StepwiseStore(Store):
    """Lock the claims that still stand, then write their outcomes, in one transaction."""

    def conclude(self, reports: Sequence[Report]) -> dict[UUID, JobStatus]:
        """Write the outcomes whose tokens still stand."""
        with self.transaction():
            now = self.now()
            held = self.held([report.id for report in reports])
            rows = [self._row(report, held, now) for report in reports if (report.id, report.claim_token) in held]
            with self.connection.cursor() as cursor:
                cursor.executemany(f"UPDATE {self.table} {_CONCLUDE}", rows)
        return {
            report.id: self._arrival(report, held)
            for report in reports
            if (report.id, report.claim_token) in held
        }  # fmt: skip

    def held(self, ids: Sequence[UUID]) -> dict[tuple[UUID, int], bool]:
        """Return the claims of these jobs that stand, locked, and whether each has a cancel request."""
        rows = self.query(
            f"SELECT id, claim_token, cancel_requested_at FROM {self.table} {self.walking('PRIMARY')} "
            f"WHERE id IN ({self.marks(ids)}) AND status = 'running' ORDER BY id {self.locking}",
            self.prepared_ids(ids),
        )
        names = ("id", "claim_token", "cancel_requested_at")
        read = read_rows(self.model, names, rows, self.connection)
        return {(pk, token): requested is not None for pk, token, requested in read}

    @staticmethod
    def _arrival(report: Report, held: dict[tuple[UUID, int], bool]) -> JobStatus:
        cancelled = held[report.id, report.claim_token] and report.status in AGAIN
        return JobStatus.CANCELLED if cancelled else report.status

    def _row(self, report: Report, held: dict[tuple[UUID, int], bool], now: datetime) -> tuple[Any, ...]:
        status = self._arrival(report, held)
        later = report.status is JobStatus.SCHEDULED
        return (
            status.value,
            report.result,
            report.error,
            self.prepared("run_after", now + report.delay) if later else None,
            self.prepared("finished_at", now) if status in FINISHED else None,
            int(report.refunds),
            int(report.rescued),
            self.prepared("id", report.id),
            report.claim_token,
        )

    def execute(self, sql: str, params: Sequence[Any]) -> None:
        """Run a statement that returns no rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)


_CONCLUDE = (
    "SET status = %s, result = %s, error = %s, run_after = COALESCE(%s, run_after), finished_at = %s, "
    "attempts = attempts - %s, rescues = rescues + %s WHERE id = %s AND claim_token = %s"
)
