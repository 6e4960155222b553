import re
import shutil
from collections import Counter

import pytest
from django.core.management import call_command
from django.utils import translation
from django.utils.translation import get_language_info, to_language

from django_jobs.states import JobStatus, Outcome
from tests.locale.catalogs import LANGUAGES, PACKAGE, compiled, written

# what has to stand in a translation as it stands in English
FIXED = re.compile(r"%\(\w+\)[sd]|</?\w+>|%%|\b[a-z]+:(?=</code>)")

in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def keys(language, **where):
    return {message.key for message in written(language, **where)}


def test_these_languages_are_shipped_and_django_knows_them():
    assert {"de", "es", "fr", "ja", "zh_Hans"} <= {*LANGUAGES}
    for language in LANGUAGES:
        assert get_language_info(to_language(language))["name"]


@in_each_language
def test_a_catalog_is_complete(language):
    lacking = [message.text for message in written(language) if message.is_fuzzy or not all(message.forms)]
    assert not lacking
    assert keys(language) == keys(LANGUAGES[0])


@in_each_language
def test_placeholders_and_markup_stay_as_they_are(language):
    for message in written(language)[1:]:
        expected = Counter(FIXED.findall(message.plural or message.text))
        for form in message.forms:
            assert Counter(FIXED.findall(form)) == expected, form


@in_each_language
def test_there_are_as_many_plural_forms_as_the_language_has(language):
    header, *messages = written(language)
    expected = int(header.forms[0].partition("nplurals=")[2][0])
    for message in messages:
        assert len(message.forms) == (1 if message.plural is None else expected), message.text


@in_each_language
def test_what_is_compiled_is_what_is_written(language):
    header, *messages = written(language)
    expected = {name: form for message in messages for name, form in message.compiled.items()}
    found = compiled(language)
    assert set(found.pop("").splitlines()) <= set(header.forms[0].splitlines())
    assert found == expected, "run `django-admin compilemessages`"


@in_each_language
def test_no_two_statuses_or_outcomes_have_the_same_name(language):
    with translation.override(to_language(language)):
        for choices in (JobStatus, Outcome):
            assert len({str(each.label) for each in choices}) == len(choices)


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="reads the code with gettext's own tools")
def test_the_catalogs_hold_the_texts_of_the_code_and_no_others(tmp_path, monkeypatch):
    copy = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    monkeypatch.chdir(copy)
    call_command("makemessages", locale=["de"], no_location=True, no_obsolete=True, verbosity=0)
    assert keys("de") == keys("de", package=copy), "run `django-admin makemessages`"
