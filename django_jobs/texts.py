"""Text as every database can store it, and JSON as every database gives it back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

Place = str | tuple["Place", str | int]
"""Where a value stands: what all is called, and the keys and indexes that lead to it; the last stands outermost."""

MAX_TEXT = 100_000
MAX_DEPTH = 30
"""Levels of lists and dicts: MariaDB takes 31 for JSON, and what one database keeps all shall keep."""
MAX_BITS = 1024

_CODES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])"  # what a terminal takes as orders
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"  # what has no shape, or turns texts around
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def portions(items: Iterable[T], length_of: Callable[[T], int], most: int, longest: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most `most`, whose lengths add up to `longest` if one alone is not longer."""
    portion: list[T] = []
    length = 0
    for item in items:
        size = length_of(item)
        if portion and (len(portion) >= most or length + size > longest):
            yield portion
            portion, length = [], 0
        portion.append(item)
        length += size
    if portion:
        yield portion


def plain(text: str) -> str:
    """Return a text without the codes that colour it, move the cursor, or hide what it says."""
    return _CODES.sub("", text)


class Unstorable(ValueError):
    """A value that JSON would lose or change: where it stands, and what is wrong with it."""

    def __init__(self, place: Place, problem: str) -> None:
        self.path = _path_to(place)
        super().__init__(f"{self.path} {problem}")


def _path_to(place: Place) -> str:
    if isinstance(place, str):
        return place
    parent, step = place
    is_inner_name = isinstance(step, str) and step.isidentifier() and not isinstance(parent, str)
    return _path_to(parent) + (f".{step}" if is_inner_name else f"[{step!r}]")


def storable_text(text: object, limit: int = MAX_TEXT) -> str:
    """Return `text` without what databases refuse (NUL, lone surrogates), cut at `limit` characters with a note."""
    written = str(text).replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
    if len(written) <= limit:
        return written
    note = f" … [{len(written) - limit} more characters cut]"
    return written[: max(limit - len(note), 0)] + note[:limit]


def storable_json(value: Any, path: str) -> str:
    """Return the JSON text of `value`; raise `Unstorable` at what would not come back equal.

    Tuples pass, and come back as lists; PostgreSQL gives large floats back as whole numbers.
    """
    if not value and type(value) is list:
        return "[]"  # the usual positional arguments
    _inspect(value, path, 0)
    return _encode(value)


def _inspect(value: Any, place: Place, depth: int) -> None:
    if isinstance(value, str):
        if problem := _problem_of(value):
            raise Unstorable(place, problem)
    elif isinstance(value, int | float):
        _inspect_number(value, place)
    elif isinstance(value, dict | list | tuple):
        _inspect_container(value, place, depth)
    elif value is not None:
        raise Unstorable(place, f"is of type {type(value).__qualname__}, which JSON cannot hold{_way_out(value)}")


def _inspect_number(value: float, place: Place) -> None:
    if not isinstance(value, int) and not math.isfinite(value):
        raise Unstorable(place, f"is {value}, which JSON cannot hold; pass None or text")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise Unstorable(place, f"is an integer of more than {MAX_BITS} bits; pass text")


def _inspect_container(value: Any, place: Place, depth: int) -> None:
    if depth >= MAX_DEPTH:
        start = _path_to(place)[:80] + "…"
        raise Unstorable(start, f"is nested deeper than {MAX_DEPTH} levels, or contains itself")
    if isinstance(value, dict):
        _inspect_mapping(value, place, depth)
        return
    for index, item in enumerate(value):
        _inspect(item, (place, index), depth + 1)


def _inspect_mapping(value: dict[Any, Any], place: Place, depth: int) -> None:
    for key, item in value.items():
        if not isinstance(key, str):
            raise Unstorable(place, f"has the key {key!r}: JSON keys are text, and it would come back as a str")
        if problem := _problem_of(key):
            raise Unstorable(f"{_path_to(place)} key {key!r}", problem)
        _inspect(item, (place, key), depth + 1)


def _problem_of(text: str) -> str:
    if "\x00" in text:
        return "contains a NUL character, which databases refuse; pass base64 for binary data"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "contains half of a surrogate pair, which is not valid text"
    return ""


_WAYS_OUT = {
    "set": "; pass a sorted list",
    "frozenset": "; pass a sorted list",
    "bytes": "; pass base64 text, or a path or key to where the bytes are kept",
    "datetime": "; pass value.isoformat()",
    "date": "; pass value.isoformat()",
    "time": "; pass value.isoformat()",
    "timedelta": "; pass value.total_seconds()",
    "Decimal": "; pass str(value)",
    "UUID": "; pass str(value)",
    "QuerySet": "; pass a list of primary keys",
}


def _way_out(value: object) -> str:
    if hasattr(value, "_meta") and hasattr(value, "pk"):
        return "; pass its primary key and load it in the handler"
    for kind in type(value).__mro__:
        if kind.__name__ in _WAYS_OUT:
            return _WAYS_OUT[kind.__name__]
    return "; pass text, numbers, booleans, None, lists and dicts"
