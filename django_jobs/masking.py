"""Keeping what is sensitive among arguments from those who look: a mask in its place, wherever it shows up."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from .exceptions import InvalidHandler

MASK = "••••"
SHORTEST = 4
"""Texts below this length are left in what a handler says: they would be found everywhere."""

_KEYED = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


class Sensitive:
    """The arguments of a handler that are shown to nobody: names, with dots into dicts."""

    def __init__(self, signature: inspect.Signature, paths: Sequence[str]) -> None:
        self.paths = [tuple(path.split(".")) for path in paths]
        self.names = {steps[0] for steps in self.paths}
        self._parameters = signature.parameters
        for path in paths:
            self._check(path)

    def _check(self, path: str) -> None:
        name = path.partition(".")[0]
        found = self._parameters.get(name)
        takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in self._parameters.values())
        if found.kind is inspect.Parameter.VAR_KEYWORD if found else not takes_any:
            known = ", ".join(self._parameters) or "none"
            raise InvalidHandler(f"@job: sensitive={path!r}: there is no argument {name!r}; the arguments are {known}.")

    def masked(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return a row's arguments with a mask in place of the sensitive ones."""
        return [self._masked({name: value})[name] for name, value in self._named(args)], self._masked(dict(kwargs))

    def secrets(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
        """Return how the sensitive ones among a row's arguments may be spelt: as they are, in a `repr`, in JSON.

        The longest come first: one may be a part of another.
        """
        values = [dict([pair]) for pair in self._named(args)] + [dict(kwargs)]
        texts = {text for value in values for steps in self.paths for text in texts_at(value, steps)}
        escaped = {form(text)[1:-1] for text in texts for form in (repr, json.dumps)}
        return sorted((text for text in texts | escaped if len(text) >= SHORTEST), key=len, reverse=True)

    def _named(self, args: Sequence[Any]) -> Iterator[tuple[str, Any]]:
        names = [each.name for each in self._parameters.values() if each.kind not in _KEYED] or [""]
        return zip(chain(names, repeat(names[-1])), args, strict=False)

    def _masked(self, values: dict[str, Any]) -> dict[str, Any]:
        for steps in self.paths:
            values = mask(values, steps)
        return values


def mask(value: Any, steps: Sequence[str]) -> Any:
    """Return a JSON value with a mask at the end of these steps, which lead into dicts and through lists."""
    if not steps:
        return MASK
    if isinstance(value, list):
        return [mask(item, steps) for item in value]
    if isinstance(value, dict) and steps[0] in value:
        return {**value, steps[0]: mask(value[steps[0]], steps[1:])}
    return value


def texts_at(value: Any, steps: Sequence[str]) -> Iterator[str]:
    """Yield the texts and numbers at the end of these steps, and in what is there."""
    if isinstance(value, list):
        for item in value:
            yield from texts_at(item, steps)
    elif isinstance(value, dict):
        for key in value if not steps else value.keys() & {steps[0]}:
            yield from texts_at(value[key], steps[1:])
    elif not steps and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def hide(value: Any, secrets: Sequence[str]) -> Any:
    """Return a JSON value, or a text, with a mask wherever a secret stands in its texts and numbers."""
    if isinstance(value, dict):
        return {hide(key, secrets): hide(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hide(item, secrets) for item in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value
    return MASK if str(value) in secrets else value


def restored(value: Any, shown: Any, original: Any) -> Any:
    """Return an edited value with the original in place of what was not changed, so that masks go."""
    if _same(value, shown):
        return original
    if isinstance(value, dict) and isinstance(shown, dict):
        return {key: restored(item, shown.get(key), original.get(key)) for key, item in value.items()}
    return value


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does, where 1 is not true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
