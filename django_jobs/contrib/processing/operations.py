"""What can be done to a batch, by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from ...exceptions import Fail

Row = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


class Operation(ABC):
    """One operation on one batch: asked for each row, then once for them all."""

    def __init__(self, batch_id: str, target: str = "") -> None:
        self.batch_id = batch_id
        self.target = target

    @abstractmethod
    def row(self, row: Row) -> Any:
        """Return what becomes of a row; raise to refuse it. Nothing should be saved yet: a later row may crash."""

    def finish(self, done: list[Any]) -> Any:
        """Take what became of the good rows; return the output, a JSON value."""
        return done


class FunctionOperation(Operation):
    """An operation that a function of a row makes."""

    def __init__(self, func: Callable[[Row], Any], batch_id: str, target: str = "") -> None:
        super().__init__(batch_id, target)
        self.func = func

    def row(self, row: Row) -> Any:
        """Return what the function does."""
        return self.func(row)


_operations: dict[str, Callable[..., Any]] = {}


def operation(name: str) -> Callable[[F], F]:
    """Register an `Operation` class, or a function of one row, under a name; the last one wins."""

    def register(made: F) -> F:
        _operations[name] = made
        return made

    return register


def make_operation(name: str, batch_id: str, target: str) -> Operation:
    """Return the operation of this name for a batch; fail the job when there is none."""
    made = _operations.get(name)
    if made is None:
        raise Fail(f"There is no operation {name!r}; there are {', '.join(sorted(_operations))}.")
    if isinstance(made, type) and issubclass(made, Operation):
        return made(batch_id, target)
    return FunctionOperation(made, batch_id, target)
