"""Arguments on their way into a row: bound, validated, and sure to arrive as they were given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from .exceptions import InvalidArguments, InvalidResult, PayloadTooLarge
from .settings import job_settings
from .texts import Unstorable, storable_json

_BY_POSITION = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL}
_OPEN = {inspect.Parameter.VAR_KEYWORD, *_BY_POSITION}


class Binder:
    """Turns the arguments of a call into those of a row."""

    def __init__(self, signature: inspect.Signature) -> None:
        self._signature = signature
        self._parameters = signature.parameters.values()
        self._wants_places = any(parameter.kind in _BY_POSITION for parameter in self._parameters)
        is_open = any(parameter.kind in _OPEN for parameter in self._parameters)
        self._names = set() if is_open else {parameter.name for parameter in self._parameters}
        self._required = {each.name for each in self._parameters if each.default is inspect.Parameter.empty}

    def bind(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments as the function would receive them, by name wherever it allows that.

        Raise TypeError that names the handler when the function could not be called so.
        """
        if not args and kwargs and self._required <= kwargs.keys() <= self._names:
            return [], dict(kwargs)  # as the signature would, at a tenth of the cost
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}(): {error}") from None
        if self._wants_places:
            return list(bound.args), bound.kwargs
        named = dict(bound.arguments)
        for parameter in self._parameters:
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                named.update(named.pop(parameter.name, {}))
        return [], named


Arguments = tuple[str, str]
"""The JSON texts of positional and named arguments, as a row holds them."""


def packed(name: str, args: list[Any], kwargs: dict[str, Any]) -> Arguments:
    """Return arguments as JSON; raise `InvalidArguments` where it would lose something, `PayloadTooLarge`."""
    way_out = " Store them elsewhere and pass a key, or raise JOBS['MAX_PAYLOAD']."
    positional, named = _written(name, "the arguments are", {"args": args, "kwargs": kwargs}, way_out)
    return positional, named


def check_json(name: str, value: Any, path: str) -> None:
    """Raise `InvalidArguments` unless a value can be stored, `PayloadTooLarge` over `MAX_PAYLOAD`."""
    _written(name, f"{path} is", {path: value})


def _written(name: str, subject: str, parts: Mapping[str, Any], way_out: str = "") -> list[str]:
    try:
        texts = [storable_json(part, path) for path, part in parts.items()]
    except Unstorable as error:
        raise InvalidArguments(f"{name}: {error}.") from None
    size, limit = len("".join(texts).encode()), job_settings().MAX_PAYLOAD
    if size > limit:
        raise PayloadTooLarge(f"{name}: {subject} {size:,} bytes of JSON, more than MAX_PAYLOAD ({limit:,}).{way_out}")
    return texts


def result_json(result: Any) -> str:
    """Return a result's JSON text; raise `InvalidResult` when it cannot be stored."""
    if result is None:
        return "null"
    try:
        text = storable_json(result, "result")
    except Unstorable as error:
        raise InvalidResult(f"The handler returned what cannot be stored: {error}.") from None
    limit = job_settings().MAX_PAYLOAD
    if len(text.encode()) > limit:
        raise InvalidResult(
            f"The handler returned {len(text.encode()):,} bytes of JSON, more than MAX_PAYLOAD ({limit:,}). "
            "Store it elsewhere and return a key."
        )
    return text
