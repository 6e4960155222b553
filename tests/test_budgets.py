"""The budgets of the package's size: kept by a machine, not by a mood."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "django_jobs"

LONGEST_FUNCTION = 40
USUAL_FUNCTION = 20  # 95 of 100 functions are no longer
LONGEST_MODULE = 300
WHOLE_PACKAGE = 9200
NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """A function, where it stands, and its lines from `def` to the end, docstring apart."""

    name: str
    place: str
    lines: int

    def __str__(self) -> str:
        return f"{self.place} {self.name}: {self.lines} lines"


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]


def docstring_lines(node: FunctionNode) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    text = node.body[0]
    return (text.end_lineno or text.lineno) - text.lineno + 1


def functions_in(path: Path, text: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, FunctionNode):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
            yield Function(node.name, f"{path}:{node.lineno}", lines)


def functions() -> list[Function]:
    return [
        function
        for path in modules()
        for function in functions_in(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    ]


def lines_of_code(text: str) -> int:
    """Count the lines that hold anything but comments, docstrings and blanks."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    held = {line for token in tokens if token.type not in NO_CODE for line in range(token.start[0], token.end[0] + 1)}
    return len(held - set(lines_of_prose(text)))


def lines_of_prose(text: str) -> Iterator[int]:
    """Yield the lines of strings that stand alone: docstrings, of modules down to attributes."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=last):
                yield from range(first, last + 1)


def test_no_function_is_longer_than_a_screen():
    too_long = [function for function in functions() if function.lines > LONGEST_FUNCTION]
    assert not too_long, f"over {LONGEST_FUNCTION} lines:\n" + "\n".join(map(str, too_long))


def test_nearly_all_functions_are_short():
    found = sorted(functions(), key=lambda function: function.lines)
    usual = found[int(len(found) * 0.95)]
    longer = [function for function in reversed(found) if function.lines > USUAL_FUNCTION]
    share = f"{len(longer)} of {len(found)} functions are over {USUAL_FUNCTION} lines, more than 5 in 100:\n"
    assert usual.lines <= USUAL_FUNCTION, share + "\n".join(map(str, longer))


def test_a_module_tells_one_story():
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    too_long = [f"{path}:1 {lines} lines" for path, lines in lengths.items() if lines > LONGEST_MODULE]
    assert not too_long, f"modules over {LONGEST_MODULE} lines:\n" + "\n".join(too_long)


def test_the_package_stays_small_enough_to_read():
    lengths = {path.relative_to(ROOT): lines_of_code(path.read_text(encoding="utf-8")) for path in modules()}
    total = sum(lengths.values())
    largest = sorted(lengths, key=lambda path: lengths[path], reverse=True)[:10]
    told = "\n".join(f"{path}:1 {lengths[path]} lines of code" for path in largest)
    assert total <= WHOLE_PACKAGE, f"{total} lines of code, over {WHOLE_PACKAGE}; the largest:\n{told}"


def test_a_docstring_does_not_make_a_function_long():
    text = 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'
    assert [function.lines for function in functions_in(Path("m.py"), text)] == [2]


def test_comments_and_blank_lines_are_no_code():
    assert lines_of_code("# why\n\nx = (\n    1,  # one\n)\n") == 3


def test_docstrings_are_no_code():
    assert lines_of_code('"""Why."""\n\nx = 1\n"""What x is:\none."""\n') == 1
