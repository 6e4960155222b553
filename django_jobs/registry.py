"""Which function stands behind a job's name."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .exceptions import DuplicateHandler, UnknownHandler

if TYPE_CHECKING:
    from .handlers import Handler


class Registrable(Protocol):
    """What the registry needs to know of a handler."""

    @property
    def name(self) -> str:
        """The name that rows refer to."""

    @property
    def aliases(self) -> Sequence[str]:
        """Names that rows may bear from before a renaming."""

    @property
    def location(self) -> str:
        """Where the function is defined, for people."""

    @property
    def line(self) -> int:
        """The number of its first line there."""


H = TypeVar("H", bound=Registrable)


class Registry(Generic[H]):
    """A map from names to handlers.

    Handlers may be added while apps are still loading, when their default name (`app_label.function`) cannot be
    known yet: they are indexed at the first question.
    """

    def __init__(self) -> None:
        self._unsettled: list[H] = []
        self._by_name: dict[str, H] = {}
        self._lock = threading.RLock()

    def add(self, handler: H) -> None:
        """Remember a handler; its name is read later."""
        with self._lock:
            self._unsettled.append(handler)

    def settle(self) -> None:
        """Index what was added; raise `DuplicateHandler` when two places ask for one name."""
        with self._lock:
            while self._unsettled:
                name = self._unsettled[0].name  # raises while apps are loading: the handler waits for another time
                try:
                    for known_as in (name, *self._unsettled[0].aliases):
                        self._index(known_as, self._unsettled[0])
                finally:
                    self._unsettled.pop(0)  # and not before: whoever sees none left finds them all indexed

    def _index(self, name: str, handler: H) -> None:
        other = self._by_name.get(name)
        if other is not None and _place(other) != _place(handler):
            raise DuplicateHandler(name, _place(other), _place(handler))
        self._by_name[name] = handler

    def find(self, name: str) -> H | None:
        """Return the handler of this name, or None."""
        if self._unsettled:
            self.settle()
        return self._by_name.get(name)

    def get(self, name: str) -> H:
        """Return the handler of this name; raise `UnknownHandler`."""
        handler = self.find(name)
        if handler is None:
            raise UnknownHandler(name, self._by_name)
        return handler

    def remove(self, name: str) -> None:
        """Forget a handler and its aliases, if there is one of this name."""
        self.settle()
        gone = self._by_name.get(name)
        self._by_name = {known_as: handler for known_as, handler in self._by_name.items() if handler is not gone}

    def __iter__(self) -> Iterator[H]:
        """Iterate over the handlers by name, once each."""
        self.settle()
        return iter([handler for name, handler in sorted(self._by_name.items()) if name == handler.name])


def _place(handler: Registrable) -> str:
    return f"{handler.location} (line {handler.line})"


handlers: Registry[Handler[..., Any]] = Registry()
