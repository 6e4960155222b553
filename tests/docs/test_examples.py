"""The examples of the docs: run where they say so; where they do not, they compile and name only what is there."""

from __future__ import annotations

import ast
import asyncio
import doctest
import unittest
from collections.abc import Coroutine
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import TestCase

from django_jobs.registry import handlers
from tests.docs.names import wrong_names
from tests.docs.pages import PAGES, Example, examples

EXAMPLES = [example for page in PAGES for example in examples(page)]
PYTHON = [example for example in EXAMPLES if example.language == "python"]
CONSOLES = [example for example in EXAMPLES if example.language == "pycon"]
EXECUTED = {
    page: list(of_page)
    for page, of_page in groupby(
        (example for example in EXAMPLES if example.order == "run" and example.language in {"python", "pycon"}),
        key=lambda example: example.page,
    )
}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def namespace(transactional_db: None) -> Any:
    """Return the globals of a page, as a module `books.jobs` would have them; forget its handlers after."""
    before = {handler.name for handler in handlers}
    yield {"__name__": "books.jobs"}
    for handler in handlers:
        if handler.name not in before:
            handlers.remove(handler.name)


def execute(example: Example, namespace: dict[str, Any]) -> None:
    code = compile(example.padded, str(example.page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, namespace)
    if asyncio.iscoroutine(result):
        asyncio.run(awaited(result))


async def awaited(result: Coroutine[Any, Any, None]) -> None:
    """Await an example, and close what it opened: async code does its queries in another thread."""
    try:
        await result
    finally:
        await sync_to_async(connections.close_all)()


def type_in(example: Example, namespace: dict[str, Any]) -> None:
    """Run a session of the interpreter, and compare what it answers."""
    session = doctest.DocTestParser().get_doctest(
        example.text, namespace, str(example), str(example.page), example.line
    )
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(session, out=told.append, clear_globs=False)
    namespace.update(session.globs)
    assert not runner.summarize(verbose=False).failed, "".join(told)


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, namespace):
    for example in EXECUTED[page]:
        (execute if example.language == "python" else type_in)(example, namespace)
    for found in list(namespace.values()):
        if isinstance(found, type) and issubclass(found, TestCase) and found is not TestCase:
            run_tests(found)


def run_tests(tests: type[TestCase]) -> None:
    """Run the tests that a page shows."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(tests).run(result)
    assert result.testsRun
    assert result.wasSuccessful(), [trace for _, trace in result.failures + result.errors]


@pytest.mark.parametrize("example", PYTHON, ids=str)
def test_an_example_names_only_what_is_there(example):
    assert wrong_names(example.padded) == []


@pytest.mark.parametrize("example", CONSOLES, ids=str)
def test_a_session_names_only_what_is_there(example):
    typed = "".join(typed.source for typed in doctest.DocTestParser().get_examples(example.text))
    assert wrong_names(typed) == []


def test_every_block_says_its_language():
    assert [str(example) for example in EXAMPLES if not example.language] == []


def test_every_marker_is_known():
    unknown = [str(example) for example in EXAMPLES if example.order not in {"", "run", "file", "append", "shell"}]
    assert not unknown
