"""recipes/README.md and the recipes say the same, and a recipe is short enough to read at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes.recipe import ALL, RECIPES, said
from tests.test_documents import rows_of
from tests.test_voice import complaints

RECIPE = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
ROWS = {row[0]: row for row in rows_of("recipes/README.md") if len(row) == 4}


def test_each_recipe_is_in_the_table_once() -> None:
    assert sorted(ROWS) == [f"[{path.name}]({path.name})" for path in ALL]
    assert {path.name for path in RECIPES.iterdir() if path.name != "__pycache__"} == {
        "README.md",
        *(path.name for path in ALL),
    }


@RECIPE
def test_the_table_says_what_the_recipe_says(path: Path) -> None:
    _, start, _, versions = ROWS[f"[{path.name}]({path.name})"]
    assert start == f"`{said(path, 'Start')}`"
    assert versions == said(path, "Run with")


@RECIPE
def test_the_table_names_the_connections_as_the_recipe_does(path: Path) -> None:
    _, _, seen, _ = ROWS[f"[{path.name}]({path.name})"]
    code = path.read_text("utf-8")
    names = seen.split("`")[1::2]
    assert names
    assert [name for name in names if f'"{name}"' not in code] == []


@RECIPE
def test_a_recipe_has_sixty_lines_at_most(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 60


@RECIPE
def test_a_recipe_uses_the_words_of_the_field(path: Path) -> None:
    assert complaints(path.read_text("utf-8")) == []
