"""Claiming jobs, running them side by side, and writing down what happened."""

from .children import START_AFRESH, Child, child_id, obey_parent
from .scaling import Range
from .stopping import StopReason, free_forks
from .supervisor import Supervisor
from .worker import Worker

__all__ = [
    "START_AFRESH",
    "Child",
    "Range",
    "StopReason",
    "Supervisor",
    "Worker",
    "child_id",
    "free_forks",
    "obey_parent",
]
