"""The search box of the job list."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.text import smart_split, unescape_string_literal

from ..handlers import names_hiding
from ..ids import made_between
from ..models import Job
from ..querysets import JobQuerySet
from ..texts import storable_json

# Each of these holds words that a person remembers of a job.
FIELDS = ("name", "owner", "queue_name", "error")

Narrow = Callable[[JobQuerySet], JobQuerySet]

_LIKE_A_QUALIFIER = re.compile(r"([a-z_]+):(?!//).+", re.DOTALL)
_ARGUMENT = re.compile(r"(?:args\.([A-Za-z_]\w*):|([A-Za-z_]\w*)=)(.+)", re.ASCII | re.DOTALL)
_QUALIFIED = re.compile(r"(id|status|name|queue|owner|priority|error|parent|copy):(.+)", re.DOTALL)


def matching(jobs: JobQuerySet, text: str) -> JobQuerySet:
    """Return the jobs that match every part of a search.

    A part is a job's id; `name:`, `queue:`, `owner:`, `priority:`, `error:`, `status:`, `id:`, `parent:` or `copy:` and
    a value; an argument as `name=value` or `args.name:value`; or a word of its handler, owner, queue or error.
    """
    return reduce(lambda found, narrow: narrow(found), [narrow for _, narrow in _parts(text)], jobs)


def indexed(jobs: JobQuerySet, text: str) -> JobQuerySet:
    """Return the jobs that match those parts of a search to which an index leads."""
    return reduce(lambda found, narrow: narrow(found), [narrow for is_fast, narrow in _parts(text) if is_fast], jobs)


def is_indexed(text: str) -> bool:
    """Tell whether an index leads to all that match."""
    return all(is_fast for is_fast, _ in _parts(text))


def unknown_qualifiers(text: str) -> list[str]:
    """Return what stands in a search like a qualifier, is none, and so is looked for as a word."""
    parts = [part for part in smart_split(text) if not _QUALIFIED.fullmatch(part)]
    return [like[1] for part in parts if (like := _LIKE_A_QUALIFIER.fullmatch(part))]


def _parts(text: str) -> Iterator[tuple[bool, Narrow]]:
    """Yield what narrows the jobs down, each with whether an index helps."""
    for part in smart_split(text):
        if qualified := _QUALIFIED.fullmatch(part):
            yield from _qualified(qualified[1], _unquoted(qualified[2]))
        elif argument := _ARGUMENT.fullmatch(part):
            yield False, _with_argument(argument[1] or argument[2], _as_value(argument[3]))
        elif pk := _as_id(part):
            yield True, _filtered(pk=pk)
        else:
            yield False, _with_word(_unquoted(part))


def _qualified(name: str, value: str) -> Iterator[tuple[bool, Narrow]]:
    pk = _as_id(value)
    is_priority = re.fullmatch(r"-?\d{1,3}", value, re.ASCII)
    if (name in {"id", "parent", "copy"} and pk is None) or (name == "priority" and not is_priority):
        yield True, JobQuerySet.none
        return
    if name == "parent" and pk is not None:
        yield True, _enqueued_during(pk)
    lookups: dict[str, Any] = {
        "id": {"pk": pk}, "status": {"status": value.lower()}, "name": {"name__icontains": value},
        "queue": {"queue_name": value}, "owner": {"owner": value}, "error": {"error__icontains": value},
        "parent": {"parent_id": pk}, "copy": {"copy_of_id": pk}, "priority": {"priority": value},
    }  # fmt: skip
    yield name in {"id", "status"}, _filtered(**lookups[name])


def _filtered(**lookups: Any) -> Narrow:
    return lambda jobs: jobs.filter(**lookups)


def _enqueued_during(pk: UUID) -> Narrow:
    """Narrow down to the ids that were made while a job was there to enqueue others."""

    def narrow(jobs: JobQuerySet) -> JobQuerySet:
        parent = Job.objects.using(jobs.db).filter(pk=pk)
        end = parent.values_list("finished_at", flat=True).first()
        return jobs.filter(pk__gt=pk, **made_between(None, end))

    return narrow


def _with_argument(name: str, value: Any) -> Narrow:
    return lambda jobs: jobs.with_arguments(**{name: value}).exclude(name__in=names_hiding(name))


def _with_word(word: str) -> Narrow:
    return lambda jobs: jobs.filter(reduce(Q.__or__, (Q(**{f"{field}__icontains": word}) for field in FIELDS)))


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _as_value(text: str) -> Any:
    """Return the JSON value that a text is, where databases can hold it, or else the text."""
    try:
        value = json.loads(text)
        storable_json(value, text)
    except (ValueError, RecursionError):
        return _unquoted(text)
    return value


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return unescape_string_literal(text) if quoted else text
