"""A word has one meaning in the library: a class, a public function or a constant is defined in one module only."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

PACKAGE = Path(__file__).parent.parent / "tutorial_lib"

# Names that many modules define by convention, each with the places that may, and why.
CONVENTIONS = {
    # What practice/task.py reads in each exercise's module. Its other constants are the numbers in its own prompt.
    "starter": "exercises/[a-z]*.py",
    "solution": "exercises/[a-z]*.py",
    "check": "exercises/[a-z]*.py",
    "dashboard": "exercises/[a-z]*.py",
    # The click command that commands/command_line.py loads from each subcommand's module.
    "command": "commands/*.py",
    # The rules of one subject, which rules/__init__.py puts together.
    "RULES": "examination/rules/*.py",
    # Where a program of its own begins.
    "main": "*.py",
    # Any type: as a type variable it means nothing beyond the function that it stands in.
    "T": "*.py",
}


def is_exercise(module: str) -> bool:
    return PurePosixPath(module).match("exercises/[a-z]*.py")


def defined(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Yield what these statements of a module define, also below an ``if`` or a ``try``."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            yield from ((name.id, node) for name in names if isinstance(name.ctx, ast.Store))
        elif isinstance(node, ast.If | ast.Try):
            handled = getattr(node, "handlers", [])
            yield from defined([*node.body, *(inner for handler in handled for inner in handler.body), *node.orelse])


def is_counted(name: str, node: ast.stmt, module: str) -> bool:
    """Say whether a name is for more than its own module. A class counts always, because its objects go everywhere."""
    if name in CONVENTIONS and PurePosixPath(module).match(CONVENTIONS[name]):
        return False
    if isinstance(node, ast.Assign | ast.AnnAssign) and is_exercise(module):
        return name[0].isupper() and not name.isupper()  # a type such as LogEntry, but not ID, LESSON or LIMIT
    return isinstance(node, ast.ClassDef) or not name.startswith("_")


def doubles(sources: dict[str, str]) -> dict[str, list[str]]:
    """Return each name that more than one of these modules defines, and which."""
    places = defaultdict(set)
    for module, source in sources.items():
        for name, node in defined(ast.parse(source).body):
            if is_counted(name, node, module):
                places[name].add(module)
    return {name: sorted(modules) for name, modules in places.items() if len(modules) > 1}


def test_a_word_has_one_meaning() -> None:
    modules = {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    assert doubles(modules) == {}, "rename the less central one, or define it once and import it"


@pytest.mark.parametrize(
    "source",
    [
        "class Word: ...",
        "class _Word: ...",
        "def word(): ...",
        "async def word(): ...",
        "WORD = 1",
        "WORD: int = 1",
        "ONE, WORD = 1, 2",
        "Word = list[str]",
        "if True:\n    pass\nelse:\n    class Word: ...",
        "try:\n    import x\nexcept ImportError:\n    WORD = 1",
    ],
)
def test_two_meanings_are_found(source: str) -> None:
    modules = {"load/a.py": source, "exercises/_b.py": source, "plots/c.py": "pass"}
    assert ["exercises/_b.py", "load/a.py"] in doubles(modules).values()


@pytest.mark.parametrize(
    ("first", "second", "source"),
    [
        ("exercises/one.py", "exercises/two.py", "LIMIT = 1\ndef solution(): ..."),
        ("exercises/one.py", "load/a.py", "LIMIT = 1"),
        ("load/a.py", "load/b.py", "_LIMIT = 1\ndef _inside(): ...\nT = 1\ndef main(): ..."),
        ("load/a.py", "load/b.py", "from load.c import Word"),
    ],
)
def test_conventions_and_what_is_private_are_left_out(first: str, second: str, source: str) -> None:
    assert doubles({first: source, second: source}) == {}
