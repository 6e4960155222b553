"""The pages that build a project are followed to the letter, in a new directory, with real processes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Example, examples

FOLLOWED = [page for page in PAGES if any(example.order == "file" for example in examples(page))]

# What a person does beside it: it installs, asks for a password, or runs until somebody stops it.
LEFT_OUT = ("pip install", "-m venv", "activate", "createsuperuser", "runserver")

TYPED = """
import django, doctest, sys
django.setup()
flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
sys.exit(doctest.testfile(sys.argv[1], module_relative=False, optionflags=flags).failed)
"""


class Project:
    """A directory in which a page is followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {**os.environ, "PYTHONPATH": f"{root}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
        self.environment.pop("DJANGO_SETTINGS_MODULE", None)

    def make(self) -> None:
        """Make the project that a page adds to, when it does not tell how to make one."""
        for command in ("startproject mysite .", "startapp books"):
            self._started([sys.executable, "-m", "django", *command.split()], command)
        with (self.root / "mysite" / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write('\nINSTALLED_APPS += ["books"]\n')

    def follow(self, example: Example) -> None:
        """Do what one block of the page says."""
        if example.order in {"file", "append"}:
            self._write(example)
        elif example.order == "shell":
            self._type(example)
        elif example.order == "run":
            self._enter(example)

    def _write(self, example: Example) -> None:
        path = self.root / example.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if example.order == "file" else "a", encoding="utf-8") as opened:
            opened.write(example.text)

    def _type(self, example: Example) -> None:
        session = self.root / "session.txt"
        session.write_text(example.text, encoding="utf-8")
        self._started([sys.executable, "-c", TYPED, str(session)], example, DJANGO_SETTINGS_MODULE=self._settings())

    def _settings(self) -> str:
        return next(path.parent.name for path in self.root.glob("*/settings.py")) + ".settings"

    def _enter(self, example: Example) -> None:
        for command, expected in commands(example.text):
            if not any(words in command for words in LEFT_OUT):
                said = self._started(shlex.split(runnable(command)), example)
                for line in expected:
                    assert re.search(pattern(line), said), f"{example}: {command} did not say {line!r}, but\n{said}"

    def _started(self, command: list[str], example: Example | str, **environment: str) -> str:
        done = subprocess.run(
            command, cwd=self.root, env={**self.environment, **environment}, capture_output=True, text=True,
            timeout=50, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{example}: {shlex.join(command)} ended with {done.returncode}:\n{said}"
        return said


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Return the commands of a console block, each with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif line.strip():
            found[-1][1].append(line.strip())
    return found


def runnable(command: str) -> str:
    """Return a command as a test can run it: on this Python, and so that a worker ends."""
    command = re.sub(r"^python\b", shlex.quote(sys.executable), command)
    command = re.sub(r"^django-admin\b", f"{shlex.quote(sys.executable)} -m django", command)
    return f"{command} --drain" if command.endswith("runjobs") else command


def pattern(line: str) -> str:
    """Return an expression for a shown line, in which … stands for anything."""
    return ".*".join(re.escape(part) for part in line.split("…"))


@pytest.mark.timeout(180)  # each command of a page starts Python and Django anew
@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
def test_a_page_can_be_followed(page, tmp_path):
    project = Project(tmp_path)
    if not any("startproject" in example.text for example in examples(page)):
        project.make()
    for example in examples(page):
        project.follow(example)
