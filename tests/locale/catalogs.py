"""The catalogs of translations, as written and as compiled."""

import gettext
import re
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import django_jobs

PACKAGE = Path(django_jobs.__file__).parent
LANGUAGES = sorted(path.name for path in (PACKAGE / "locale").iterdir())

_FIELD = re.compile(r'^(msg\w+(?:\[\d+\])?) ((?:".*"\n?)+)', re.MULTILINE)


class Message(NamedTuple):
    """A text in English, and in another language: one or more forms of it."""

    context: str | None
    text: str
    plural: str | None
    forms: list[str]
    is_fuzzy: bool

    @property
    def key(self) -> tuple[str | None, str, str | None]:
        return self.context, self.text, self.plural

    @property
    def compiled(self) -> dict[Any, str]:
        """What the compiled catalog holds of it."""
        name = self.text if self.context is None else f"{self.context}\x04{self.text}"
        if self.plural is None:
            return {name: self.forms[0]}
        return {(name, number): form for number, form in enumerate(self.forms)}


def path_of(language: str, suffix: str = "po", package: Path = PACKAGE) -> Path:
    return package / "locale" / language / "LC_MESSAGES" / f"django.{suffix}"


def written(language: str, package: Path = PACKAGE) -> list[Message]:
    """Return the messages of the .po file; the first is the header."""
    return list(_messages(path_of(language, package=package).read_text()))


def _messages(text: str) -> Iterator[Message]:
    for entry in text.split("\n\n"):
        fields = {name: "".join(map(literal_eval, lines.splitlines())) for name, lines in _FIELD.findall(entry)}
        forms = [value for name, value in fields.items() if name.startswith("msgstr")]
        is_fuzzy = any("fuzzy" in line for line in entry.splitlines() if line.startswith("#,"))
        yield Message(fields.get("msgctxt"), fields["msgid"], fields.get("msgid_plural"), forms, is_fuzzy)


def compiled(language: str) -> dict[Any, str]:
    """Return what the .mo file holds."""
    with path_of(language, "mo").open("rb") as file:
        return dict(vars(gettext.GNUTranslations(file))["_catalog"])
