"""Jobs, what they left behind, and their workers, in Django's admin."""

from .jobs import JobAdmin
from .queues import QueueAdmin
from .records import AttemptAdmin, JobEventAdmin, JobLogAdmin
from .workers import WorkerAdmin

__all__ = ["AttemptAdmin", "JobAdmin", "JobEventAdmin", "JobLogAdmin", "QueueAdmin", "WorkerAdmin"]
