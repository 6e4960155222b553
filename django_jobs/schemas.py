"""Arguments that a pydantic model vouches for: checked when enqueued, typed when they arrive."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from .exceptions import InvalidArguments, InvalidHandler


class Schema:
    """A pydantic model of a handler's arguments: the one given, or one made of the function's annotations."""

    def __init__(self, func: Callable[..., Any], model: Any = None) -> None:
        try:
            import pydantic
        except ImportError as error:
            raise InvalidHandler(
                "schema= and validate= need pydantic: pip install django-jobs-queue[schema]."
            ) from error
        _check_parameters(func, is_modelled=model is not None)
        self._pydantic = pydantic
        self._func = func
        self._model = model

    @property
    def model(self) -> Any:
        """The pydantic model; made at first use, when all annotations can be resolved."""
        if self._model is None:
            self._model = self._model_of_annotations()
        return self._model

    def dump(self, name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return validated arguments as JSON values; raise `InvalidArguments` with each path and complaint."""
        values: dict[str, Any] = self._validated(name, kwargs).model_dump(mode="json")
        return values

    def load(self, name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return stored arguments as the typed values that the function asks for."""
        validated = self._validated(name, kwargs)
        return {field: getattr(validated, field) for field in type(validated).model_fields}

    def _validated(self, name: str, kwargs: dict[str, Any]) -> Any:
        try:
            return self.model.model_validate(kwargs)
        except self._pydantic.ValidationError as error:
            raise InvalidArguments(f"{name}: {'; '.join(map(_complaint, error.errors()))}.") from None

    def _model_of_annotations(self) -> Any:
        hints = get_type_hints(self._func, include_extras=True)
        fields: dict[str, Any] = {
            parameter.name: (
                hints.get(parameter.name, Any),
                ... if parameter.default is inspect.Parameter.empty else parameter.default,
            )
            for parameter in inspect.signature(self._func).parameters.values()
        }
        config = self._pydantic.ConfigDict(extra="forbid", protected_namespaces=(), ser_json_inf_nan="constants")
        return self._pydantic.create_model(self._func.__name__, __config__=config, **fields)


def _check_parameters(func: Callable[..., Any], *, is_modelled: bool) -> None:
    nameless = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL}
    refused = nameless if is_modelled else {*nameless, inspect.Parameter.VAR_KEYWORD}
    for parameter in inspect.signature(func).parameters.values():
        if parameter.kind in refused:
            raise InvalidHandler(
                f"@job: {func.__qualname__!r} takes {str(parameter)!r} as {parameter.kind.description}, "
                "which a schema cannot name: give every argument a name of its own."
            )


def _complaint(error: Any) -> str:
    steps = (
        f"[{step!r}]" if index == 0 or isinstance(step, int) else f".{step}" for index, step in enumerate(error["loc"])
    )
    return f"kwargs{''.join(steps)}: {error['msg']}"
