"""Running one claimed job: its context, its interruption, its outcome."""

from .context import CurrentJob, current_job
from .execution import run_attempt, run_attempt_async
from .outcomes import Ending
from .running import Running, Sink

__all__ = ["CurrentJob", "Ending", "Running", "Sink", "current_job", "run_attempt", "run_attempt_async"]
