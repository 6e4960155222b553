"""Interruptions in a process that coverage or a debugger looks at."""

import subprocess
import sys

from ..waiting import LONG

INTERRUPTED_AND_THEN_TRACED = """
import sys, threading

import django

django.setup()
from django_jobs.attempt.interruption import Interruptible
from django_jobs.exceptions import CancelInterruption

stretch = Interruptible()
try:
    stretch.enter()
    threading.Thread(target=stretch.interrupt, args=[CancelInterruption()]).start()
    while True:
        pass
except CancelInterruption:
    stretch.leave()

sys.settrace(lambda *_: None)
def after():
    return 1
after()
"""


def test_code_after_an_interrupted_handler_can_be_traced(child_environment):
    code = [sys.executable, "-c", INTERRUPTED_AND_THEN_TRACED]
    assert subprocess.run(code, env=child_environment, timeout=LONG, check=False).returncode == 0
