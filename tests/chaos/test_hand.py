"""What the hand may do, and what it refuses to be told."""

import random
from unittest.mock import Mock

import pytest

from .hand import Hand
from .servers import MariaDB, PostgreSQL, SQLite


def acts_of(server: type[object], *only: str) -> set[str]:
    return {*Hand(random.Random(1), Mock(), server, 1.0, only)._acts}  # type: ignore[arg-type]


@pytest.mark.parametrize("server", [PostgreSQL, MariaDB])
def test_it_does_everything_unless_it_is_told(server):
    assert acts_of(server) > {"kill a worker", "cancel jobs", "drop connections"}
    assert "drop connections" not in acts_of(SQLite)


def test_it_does_only_what_it_is_told():
    assert acts_of(SQLite, "cancel jobs", "terminate", "drop connections") == {"cancel jobs", "terminate"}


@pytest.mark.parametrize(
    ("act", "error"), [("teminate", "No such acts: teminate"), ("drop connections", "to sqlite: drop")]
)
def test_it_refuses_what_it_cannot_do(act, error):
    with pytest.raises(ValueError, match=error):
        acts_of(SQLite, act)
