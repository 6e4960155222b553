"""Names and the handlers behind them."""

import threading
from dataclasses import dataclass

import pytest

from django_jobs.exceptions import DuplicateHandler, UnknownHandler
from django_jobs.registry import Registry


@dataclass
class Named:
    """As much of a handler as the registry asks for."""

    name: str
    location: str = "shop.jobs.export"
    aliases: tuple[str, ...] = ()
    line: int = 1


class Unnameable:
    """A handler while apps are still loading: its name cannot be told yet."""

    is_loading = True
    location = "shop.jobs.export"
    aliases = ()
    line = 1

    @property
    def name(self) -> str:
        if self.is_loading:
            raise RuntimeError("apps are not loaded yet")
        return "shop.export"


def registry_of(*handlers):
    registry: Registry[Named] = Registry()
    for handler in handlers:
        registry.add(handler)
    return registry


def test_a_handler_is_found_by_its_name():
    export = Named("shop.export")
    registry = registry_of(export)
    assert registry.find("shop.export") is registry.get("shop.export") is export
    assert registry.find("shop.import") is None


def test_a_name_is_asked_for_only_at_the_first_question():
    handler = Unnameable()
    registry = registry_of(handler)
    handler.is_loading = False
    assert registry.find("shop.export") is handler


def test_an_unknown_name_is_answered_with_the_nearest():
    registry = registry_of(Named("shop.export_orders"), Named("mail.send", "mail.jobs.send"))
    with pytest.raises(UnknownHandler, match=r"under 'shop.export_order'. Did you mean 'shop.export_orders'") as raised:
        registry.get("shop.export_order")
    assert raised.value.name == "shop.export_order"
    assert isinstance(raised.value, LookupError)


def test_a_name_like_no_other_is_answered_without_a_guess():
    with pytest.raises(UnknownHandler, match=r"'zzz'. Handlers are functions under @job .* 1 are registered"):
        registry_of(Named("shop.export")).get("zzz")


def test_two_handlers_of_one_name_are_an_error_that_names_both_places():
    registry = registry_of(Named("export", "shop.jobs.export"), Named("export", "mail.jobs.export"))
    with pytest.raises(DuplicateHandler, match=r"'export': shop\.jobs\.export .* and mail\.jobs\.export .*@job\(name="):
        registry.settle()


def test_two_functions_of_one_name_in_one_module_are_told_apart_by_their_lines():
    registry = registry_of(Named("shop.export", line=3), Named("shop.export", line=9))
    with pytest.raises(DuplicateHandler, match=r"shop\.jobs\.export \(line 3\) and shop\.jobs\.export \(line 9\)"):
        registry.settle()


def test_the_first_of_two_keeps_the_name():
    registry = registry_of(Named("export", "shop.jobs.export"), Named("export", "mail.jobs.export"))
    with pytest.raises(DuplicateHandler):
        registry.settle()
    assert registry.get("export").location == "shop.jobs.export"


def test_a_module_that_is_loaded_again_replaces_its_handlers():
    old, new = Named("shop.export"), Named("shop.export")
    assert registry_of(old, new).get("shop.export") is new


def test_a_removed_handler_is_unknown():
    registry = registry_of(Named("shop.export"))
    registry.remove("shop.export")
    registry.remove("shop.export")
    assert registry.find("shop.export") is None


def test_a_renamed_handler_is_found_by_what_it_was_called_before():
    export = Named("shop.export", aliases=("shop.dump", "shop.save"))
    registry = registry_of(export)
    assert registry.find("shop.dump") is registry.find("shop.save") is export
    assert list(registry) == [export]
    registry.remove("shop.export")
    assert registry.find("shop.dump") is None


def test_an_alias_is_taken_like_any_name():
    registry = registry_of(Named("shop.export"), Named("mail.send", "mail.jobs.send", aliases=("shop.export",)))
    with pytest.raises(DuplicateHandler, match=r"'shop\.export': shop\.jobs\.export .* and mail\.jobs\.send"):
        registry.settle()
    assert registry.get("shop.export").location == "shop.jobs.export"


def test_a_question_that_comes_too_early_loses_no_handler():
    handler = Unnameable()
    registry = registry_of(handler)
    with pytest.raises(RuntimeError, match="not loaded"):
        registry.find("shop.export")
    handler.is_loading = False
    assert registry.find("shop.export") is handler


def test_handlers_are_listed_by_name():
    registry = registry_of(Named("b", "b"), Named("a", "a"))
    assert [handler.name for handler in registry] == ["a", "b"]


def test_nobody_misses_a_handler_that_another_thread_is_indexing():
    asked, answer = threading.Event(), threading.Event()

    class Slow(Named):
        def __getattribute__(self, name):
            if name == "location":
                asked.set()
                answer.wait(5)
            return super().__getattribute__(name)

    registry = registry_of(Named("export", "shop.jobs.export"))
    registry.settle()
    registry.add(Slow("export", "shop.jobs.export"))
    other = Named("late", "shop.jobs.late")
    registry.add(other)
    found: list[object] = []
    indexing = threading.Thread(target=registry.settle)
    asking = threading.Thread(target=lambda: found.append(registry.find("late")))
    indexing.start()
    assert asked.wait(5)
    asking.start()
    answer.set()
    for thread in (indexing, asking):
        thread.join(5)
    assert found == [other]


def test_nobody_misses_the_last_handler_that_another_thread_is_indexing():
    asked, answer = threading.Event(), threading.Event()

    class Slow:
        location = "shop.jobs.late"
        aliases = ()
        line = 1

        @property
        def name(self) -> str:
            asked.set()
            answer.wait(5)
            return "late"

    late = Slow()
    registry: Registry[Slow] = Registry()
    registry.add(late)
    found: list[object] = []
    indexing = threading.Thread(target=registry.settle)
    asking = threading.Thread(target=lambda: found.append(registry.find("late")))
    indexing.start()
    assert asked.wait(5)
    asking.start()
    asking.join(0.05)
    answer.set()
    for thread in (indexing, asking):
        thread.join(5)
    assert found == [late]
