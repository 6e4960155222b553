"""The rows: jobs, what they left behind, and who worked on them."""

from .attempt import Attempt
from .job import Job
from .log import JobEvent, JobLog
from .queue import Queue
from .stat import Stat
from .worker import Worker

__all__ = ["Attempt", "Job", "JobEvent", "JobLog", "Queue", "Stat", "Worker"]
