"""The layers of the package: an arrow only ever points down."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "django_jobs"

# From the ground up. A room (a module or package at the top of django_jobs) may import every layer below its
# own, and in its own layer the rooms that stand before it: so no two rooms can ever need each other.
LAYERS = [
    # ground: words and rules that know no row
    "texts durations ids exceptions masking states backoff options settings conf registry signals current events",
    # rows: what stands in the database, and the SQL
    "store querysets models migrations pruning",
    # asking: what a program calls
    "arguments schemas creating handlers asking access showing monitoring",
    # attempt: one run of a claimed job
    "attempt",
    # running: what claims and runs jobs
    "preload worker reloading embedding",
    # faces: they translate for people and programs outside
    "admin api checks contrib health management pages templatetags testing",
]
FACES = len(LAYERS) - 1  # the one layer whose rooms never import one another
# The front door opens on every room, and the app's ready() wires them together: both only lazily.
DOORS = {"__init__", "apps"}
PLACES = {room: (height, place) for height, layer in enumerate(LAYERS) for place, room in enumerate(layer.split())}


@dataclass(frozen=True)
class Arrow:
    """One import: the module that has it, the line, and the module of ours that it names."""

    source: str
    target: str
    place: str

    @property
    def rooms(self) -> tuple[str, str]:
        return room_of(self.source), room_of(self.target)


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_at_run_time(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Walk a module's imports, late ones too, but none that only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield from imports_at_run_time(ast.Module([other], []))
        else:
            yield from imports_at_run_time(node)


def names_in(node: ast.Import | ast.ImportFrom, path: Path) -> list[str]:
    """Return the dotted names that an import may mean; a name in a module comes with the module's."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        package = module_name(path.parent / "__init__.py").split(".")
        above = package[: len(package) - node.level + 1]
        base = ".".join([*above, *filter(None, [node.module])])
    return [f"{base}.{alias.name}" for alias in node.names]


def our_module(name: str) -> str | None:
    """Return the longest beginning of a dotted name that is a module of ours."""
    parts = name.split(".")
    beginnings = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((beginning for beginning in beginnings if beginning in MODULES), None)


def arrows() -> Iterator[Arrow]:
    for source, path in MODULES.items():
        for node in imports_at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
            for name in names_in(node, path):
                target = our_module(name)
                if target is not None and target != source:
                    yield Arrow(source, target, f"{path.relative_to(ROOT)}:{node.lineno}")


def is_allowed(arrow: Arrow) -> bool:
    source, target = arrow.rooms
    if source in DOORS or source == target:
        return True
    if target in DOORS:
        return False
    if source not in PLACES or target not in PLACES:
        return False
    if PLACES[source][0] == PLACES[target][0] == FACES:
        return False
    return PLACES[target] < PLACES[source]


def at_import_time(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    """Walk the imports that importing the module itself performs."""
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        late = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        pending += [child for child in ast.iter_child_nodes(node) if not isinstance(child, late)]
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending = [other for other in pending if other not in node.body]
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def import_graph() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for source, path in MODULES.items():
        found = (our_module(name) for node in at_import_time(path) for name in names_in(node, path))
        # a package's __init__ gathering its own modules, and they using each other, is no cycle of the design
        graph[source] = {target for target in found if target and not source.startswith(f"{target}.")}
        graph[source].discard(source)
    return graph


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of one cycle, in order, or nothing."""
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> list[str]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return []
        cycles = (visit(target, [*trail, module]) for target in sorted(graph[module]))
        found = next(filter(None, cycles), [])
        done.add(module)
        return found

    return next(filter(None, (visit(module, []) for module in graph)), [])


def test_every_room_stands_in_a_layer():
    rooms = {room_of(module) for module in MODULES} - DOORS
    homeless = sorted(rooms - PLACES.keys())
    assert not homeless, f"put these rooms into LAYERS of {Path(__file__).name}: {', '.join(homeless)}"


def test_an_import_only_ever_points_down():
    wrong = [
        f"{arrow.place}: {arrow.source} ({arrow.rooms[0]}) must not import {arrow.target} ({arrow.rooms[1]})"
        for arrow in arrows()
        if not is_allowed(arrow)
    ]
    assert not wrong, "imports that point up or sideways:\n" + "\n".join(dict.fromkeys(wrong))


def test_no_modules_import_each_other_in_a_circle():
    cycle = find_cycle(import_graph())
    assert not cycle, "modules import each other in a circle: " + " -> ".join(cycle)


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "services", "misc"])
def test_no_module_has_a_name_that_tells_no_story(name):
    assert not [str(path) for path in PACKAGE.rglob(f"{name}.py")]


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        ("django_jobs.worker.loop", "django_jobs.store", True),
        ("django_jobs.store", "django_jobs.worker.loop", False),
        ("django_jobs.admin", "django_jobs.api", False),
        ("django_jobs.states", "django_jobs.settings", False),
        ("django_jobs.settings", "django_jobs.backoff", True),
        ("django_jobs.worker.loop", "django_jobs", False),
        ("django_jobs", "django_jobs.worker", True),
    ],
)
def test_the_rule_itself(source, target, allowed):
    assert is_allowed(Arrow(source, target, "")) is allowed


def test_a_circle_is_found_and_told():
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
