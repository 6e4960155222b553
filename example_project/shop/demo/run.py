"""Runs the demo from beginning to end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from subprocess import Popen
from typing import TextIO

from django.core.management import call_command

from . import display, stage
from .story import Story
from .summary import summary

LOG = stage.VAR / "demo-worker.log"
LOOK_EVERY = 0.2


class DemoStuckError(Exception):
    """The worker died, or the demo did not end in time."""


def run(stream: TextIO, limit: float) -> bool:
    """Run the demo, showing it on a stream; return whether everything ended as it should."""
    started = time.monotonic()
    call_command("migrate", verbosity=0, interactive=False)
    mails = _count_mails()
    story = Story()
    with stage.site() as address, stage.worker(address, LOG) as worker:
        story.open()
        _follow(story, worker, stream, started + limit)
    lines = [*summary(story, _count_mails() - mails), f"It took {time.monotonic() - started:.1f} s."]
    stream.write("\n" + "\n".join(lines) + "\n")
    return story.went_well


def _follow(story: Story, worker: Popen[bytes], stream: TextIO, deadline: float) -> None:
    with display.choose(stream) as shown:
        for _ in _looks(worker, deadline):
            story.advance()
            shown.show(story.parts.values())
            if story.is_over:
                return


def _looks(worker: Popen[bytes], deadline: float) -> Iterator[None]:
    while time.monotonic() < deadline:
        if worker.poll() is not None:
            raise DemoStuckError(f"The worker ended with exit code {worker.returncode}:\n{_tail()}")
        yield
        time.sleep(LOOK_EVERY)
    raise DemoStuckError(f"The demo did not end in time. The worker's last words:\n{_tail()}")


def _tail() -> str:
    return "\n".join(LOG.read_text(errors="replace").splitlines()[-15:])


def _count_mails() -> int:
    return len(list(stage.MAILS.glob("*.log"))) if stage.MAILS.is_dir() else 0
