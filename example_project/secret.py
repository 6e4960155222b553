"""The secret key of an installation that was given none."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def read_or_make_secret_key(path: Path) -> str:
    """Return the key kept in `path`; the first call makes one that only this user can read."""
    if not path.exists():
        _make(path)
    return path.read_text(encoding="utf-8").strip()


def _make(path: Path) -> None:
    # The key is linked into place whole: a site and a worker that start together agree on one.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(get_random_secret_key())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()
