"""What happened to jobs, told after it was committed.

Every signal's sender is the handler (a `Handler` object), or None for a job whose handler is not registered here.
All pass `job`, the `Job` row as committed. Receivers run robustly: one that raises is logged, and harms no job.
"""

from __future__ import annotations

from django.dispatch import Signal

job_enqueued = Signal()
"""A job was created. `job`."""

job_started = Signal()
"""A worker began an attempt. `job`, `attempt` (int)."""

job_progressed = Signal()
"""A running job reported progress. `job`, `current` (float), `total` (float or None), `message` (str)."""

job_retrying = Signal()
"""An attempt failed and another will follow. `job`, `error` (str), `exception` (or None), `delay` (timedelta)."""

job_completed = Signal()
"""A job completed. `job`, `result`."""

job_failed = Signal()
"""A job failed for good. `job`, `error` (str), `exception` (or None), `attempts` (int)."""

job_cancelled = Signal()
"""A job was cancelled. `job`, `reason` (str)."""

job_event = Signal()
"""A handler emitted an event of its own. `job`, `name` (str), `data` (JSON value)."""

job_logged = Signal()
"""A log line of a job was stored. `job`, `log` (JobLog)."""
