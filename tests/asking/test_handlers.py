"""`@job`: which functions it takes, which options, and what it says of the others."""

import functools
import sys
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps

from django_jobs import Backoff, DuplicateHandler, InvalidHandler, fixed, job, register
from django_jobs.handlers import Handler, find_handler
from django_jobs.registry import handlers
from django_jobs.settings import job_settings
from tests.jobs import add, echo


def plain(value: int = 0) -> int:
    """Return the value.

    Not this line.
    """
    return value


def test_a_bare_decorator_names_the_handler_after_its_app():
    assert isinstance(add, Handler)
    assert (add.name, add.location) == ("tests.add", "tests.jobs.add")
    assert repr(add) == "<Handler tests.add>"


@pytest.mark.parametrize(
    "decorate",
    [
        lambda name: job(name)(plain),
        lambda name: job(name=name)(plain),
        lambda name: register(name, plain),
        lambda name: job(name, queue_name="mail")(plain),
    ],
)
def test_a_handler_may_have_a_name_of_its_own(decorate):
    try:
        handler: Handler[..., int] = decorate("shop.named")
        assert handler.name == "shop.named"
        assert find_handler("shop.named") is handler
        assert handler(3) == 3
    finally:
        handlers.remove("shop.named")


def test_empty_brackets_are_as_good_as_none():
    try:
        assert job()(plain).name == "tests.plain"
    finally:
        handlers.remove("tests.plain")


def test_a_function_outside_any_app_is_named_after_its_module():
    module = ModuleType("errands.jobs")
    sys.modules["errands.jobs"] = module
    exec("def run(): pass", module.__dict__)
    try:
        assert job(module.__dict__["run"]).name == "errands.run"
    finally:
        del sys.modules["errands.jobs"]
        handlers.remove("errands.run")


def test_two_handlers_of_one_name_are_an_error_where_the_second_is_defined(make_handler):
    first = make_handler(plain)
    with pytest.raises(DuplicateHandler, match=rf"named '{first.name}': .*test_handlers\.plain .* and .*<lambda>"):
        register(first.name, lambda: None)
    assert find_handler(first.name) is first


def test_two_handlers_of_one_name_in_two_apps_keep_the_site_from_starting(monkeypatch):
    monkeypatch.setattr(apps, "ready", False)
    job("tests.echo")(plain)
    with pytest.raises(DuplicateHandler, match=r"'tests\.echo': tests\.jobs\.echo .* and .*\.plain"):
        apps.get_app_config("django_jobs").ready()
    assert find_handler("tests.echo") is echo


def test_a_handler_knows_the_line_of_its_function_under_its_decorators(make_handler):
    @functools.wraps(plain)
    def wrapped(value: int = 0) -> int:
        return plain(value)

    assert make_handler(wrapped).line == plain.__code__.co_firstlineno


def test_a_lambda_or_nested_function_needs_a_name():
    def nested() -> None:
        """Do nothing."""

    with pytest.raises(InvalidHandler, match=r"cannot name the nested function .*nested' in .*Move it to the top"):
        job(nested)
    with pytest.raises(InvalidHandler, match="cannot name the lambda"):
        job(lambda: None)
    with pytest.raises(TypeError):
        job(queue_name="mail")(nested)


class Callable:
    """Called like a function, and none."""

    def __call__(self) -> None:
        """Do nothing."""


def generate() -> Any:
    """Yield."""
    yield 1


async def generate_async() -> Any:
    """Yield, later."""
    yield 1


async def sleep() -> None:
    """Do nothing, later."""


@pytest.mark.parametrize(
    ("thing", "complaint"),
    [
        (Callable(), "wants a function, not <.*Callable object"),
        (Callable, "wants a function, not <class"),
        (functools.partial(plain, 1), "wants a function, not functools.partial"),
        (print, "wants a function, not <built-in function print>"),
        (add, "wants a function, not <Handler tests.add>"),
        (generate, "returns, not the generator 'generate'"),
        (generate_async, "returns, not the generator 'generate_async'"),
    ],
)
def test_what_is_no_function_is_refused(thing, complaint):
    with pytest.raises(InvalidHandler, match=complaint):
        job("shop.thing")(thing)
    assert find_handler("shop.thing") is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"queue": "mail"}, "no option 'queue'; the options are name, .*queue_name"),
        ({"name": ""}, "name=''"),
        ({"name": "x" * 201}, "use 1 to 200 characters"),
        ({"name": 5}, "name=5"),
        ({"priority": "urgent"}, "@job: priority='urgent'"),
        ({"priority": 1000}, "@job: priority=1000"),
        ({"queue_name": "a,b"}, "@job: queue_name='a,b'"),
        ({"max_attempts": 0}, "@job: max_attempts=0"),
        ({"timeout": -1}, "@job: timeout: -1 is negative"),
        ({"aliases": "books.old"}, "aliases='books.old': use a tuple of names"),
        ({"aliases": 3}, "aliases=3: use a tuple of names"),
        ({"aliases": [3]}, r"aliases=\[3\]: use a tuple of names"),
        ({"aliases": ["n" * 201]}, "'n+': use 1 to 200 characters"),
        ({"aliases": ["a\0b"]}, "without NUL"),
        ({"sensitive": 3}, "sensitive=3: use a tuple of names of arguments"),
        ({"backoff": 5}, r"backoff=5: use fixed\(60\), a Backoff, or a function"),
        ({"backoff": fixed}, r"backoff=<function fixed.*: use fixed\(60\)"),
        ({"on_error": "mail"}, "on_error='mail': use a function of the job and the exception"),
        ({"max_memory": "10", "executor": "process"}, "max_memory='10': use megabytes"),
        ({"name": "a\0b"}, "use 1 to 200 characters, without NUL"),
        ({"retry_on": "ValueError"}, "retry_on='ValueError': use an exception class"),
        ({"fail_on": (ValueError, 5)}, "fail_on=.*: use an exception class"),
        ({"retry_on": int}, "retry_on=<class 'int'>"),
    ],
)
def test_an_option_that_cannot_be_kept_is_refused_where_it_is_written(options, complaint):
    with pytest.raises(InvalidHandler, match=complaint):
        job(**options)(plain)


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(InvalidHandler, match="name=5"):
        job(5)(plain)  # type: ignore[call-overload]


def test_an_async_function_cannot_be_atomic():
    with pytest.raises(InvalidHandler, match=r"atomic=True.* is async, transactions are not"):
        job("shop.sleep", atomic=True)(sleep)


def test_a_handler_knows_its_description(make_handler):
    assert make_handler(plain).description == "Return the value."
    assert make_handler(plain, description="Count sheep").description == "Count sheep"
    assert make_handler(lambda: None).description == ""


def test_the_limit_of_an_attempt_is_the_handlers_or_the_settings(make_handler, settings):
    settings.JOBS = {"TIMEOUT": 90}
    assert make_handler(plain).limit == 90
    assert make_handler(plain, timeout="2m").limit == 120
    assert make_handler(plain, timeout=0).limit == 0


def test_the_backoff_is_the_handlers_or_the_settings(make_handler):
    assert make_handler(plain).backoff == job_settings().backoff
    assert make_handler(plain, backoff=fixed(5)).backoff == Backoff("fixed", 5, 5, 0)

    def own(attempt: int) -> float:
        return attempt * 7

    assert make_handler(plain, backoff=own).backoff(3) == 21


def test_callbacks_for_errors_are_kept_in_order(make_handler):
    def first(job: Any, error: BaseException) -> None: ...

    def second(job: Any, error: BaseException) -> None: ...

    handler = make_handler(plain, on_error=first)
    assert handler.on_error(second) is second
    assert handler.error_callbacks == [first, second]


def test_the_jobs_module_of_every_app_is_found_by_itself():
    assert find_handler("tests.echo") is echo
    assert any(handler.name.startswith("shop.") for handler in handlers)
