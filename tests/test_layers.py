"""Arrows point down only: which module may import which, and what a notebook may import.

A new module is placed in a row of LAYERS before it may exist. It may import from the rows below its own, and from
its own row as long as no two modules need each other.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import tutorial_lib

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "tutorial_lib"

# A package stands for all its modules, unless one of them is named itself.
LAYERS = (
    ("commands", "__main__"),
    ("checking",),
    ("examination", "exercises", "plots", "practice.panel", "widgets"),
    ("course", "load", "practice", "programs"),
    ("pools", "servers"),
    ("network",),
    ("arguments", "errors", "notebook", "process_tree", "sizing", "words"),
)
ROW = {name: row for row, names in enumerate(LAYERS) for name in names}


def modules() -> dict[str, Path]:
    """Return every module of the package by its name inside it: ``servers.base``; the package itself is ``""``."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def row_of(module: str) -> int | None:
    while module and module not in ROW:
        module = module.rpartition(".")[0]
    return ROW.get(module)


def imports(tree: ast.AST, *, types: bool = True) -> Iterator[tuple[str, str]]:
    """Yield what is imported as (module, name), wherever in the file it stands; name is "" for a whole module.

    ``types=False`` leaves out what only annotations need.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), alias.name) for alias in node.names)
        elif types or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from imports(node, types=types)


def needs(module: str, *, types: bool = True) -> set[str]:
    """Return the modules of the package that ``module`` imports."""
    found = set()
    for source, name in imports(ast.parse(MODULES[module].read_text("utf-8")), types=types):
        if source.split(".")[0] != "tutorial_lib":
            continue
        inside = source.partition(".")[2]
        longer = f"{inside}.{name}".strip(".")
        found.add(longer if longer in MODULES else inside)
    return found


def test_contributing_shows_the_same_table() -> None:
    text = (TOP / "CONTRIBUTING.md").read_text("utf-8")
    table = text.partition("| row | what is in it |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    shown = [set(re.findall(r"`([\w.]+)`", row)) for row in table]
    assert [[name for name in names if name not in row] for names, row in zip(LAYERS, shown, strict=True)] == [
        [] for _ in LAYERS
    ]


NAMED = sorted(name for name in MODULES if name)


@pytest.mark.parametrize("module", NAMED)
def test_every_module_has_a_place(module: str) -> None:
    assert row_of(module) is not None, f"place {module} in a row of LAYERS"


@pytest.mark.parametrize("module", NAMED)
def test_arrows_point_down(module: str) -> None:
    own = row_of(module)
    up = [other for other in needs(module) if other and (row_of(other) or 0) < (own or 0)]

    assert not up, f"{module} imports from above: {up}"


@pytest.mark.parametrize("module", NAMED)
def test_only_the_version_comes_from_the_front(module: str) -> None:
    """``from tutorial_lib import start_server`` is for notebooks: inside, it would hide where an arrow leads."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    names = {name for source, name in imports(tree) if source == "tutorial_lib" and name not in MODULES}

    assert names <= {"__version__"}


def test_no_two_modules_need_each_other() -> None:
    graph = {module: needs(module, types=False) - {"", module} for module in NAMED}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these need each other: {error.args[1]}")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_library_needs_neither_lessons_nor_tools(module: str) -> None:
    sources = {source for source, _ in imports(ast.parse(MODULES[module].read_text("utf-8")))}

    assert not {source.split(".")[0] for source in sources} & {"notebooks", "exercises", "tests", "tools"}
    assert not any(source.startswith(".") for source in sources), "relative imports escape this test"


NOTEBOOKS = sorted([*TOP.glob("notebooks/*.ipynb"), *TOP.glob("exercises/*.ipynb")])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_notebook_imports_public_names_only(path: Path) -> None:
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        code = [line for line in "".join(cell["source"]).splitlines() if not line.startswith(("%", "!"))]
        for source, name in imports(ast.parse("\n".join(code))):
            if source.split(".")[0] == "tutorial_lib":
                assert source == "tutorial_lib", f"{source} is inside; a notebook imports from tutorial_lib"
                assert name in tutorial_lib.__all__, f"{name} is not a public name"


MOST_LINES_OF_TESTS = 400


def test_no_file_of_tests_is_longer_than_one_can_read() -> None:
    """The answers to an exercise are data, and stand in one module however many there are."""
    files = [path for path in TOP.glob("tests/**/*.py") if path.parent.name != "exercises" or path.stem[:5] == "test_"]
    lines = {path.relative_to(TOP): path.read_text("utf-8").count("\n") for path in files}
    assert {path: number for path, number in lines.items() if number > MOST_LINES_OF_TESTS} == {}
