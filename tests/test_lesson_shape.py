"""Every lesson has the shape that CONTRIBUTING.md describes, and its outputs are there and can be compared."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median

import pytest
from nbformat import NotebookNode

from tests.lessons import LESSONS, code, is_folded, name_of, prose, read, strict, tags
from tools.build_notebooks import TOP

SILENT = "no-output"
"""The tag of a cell that ends in a call which returns nothing, and is meant to."""

FORBIDDEN = re.compile(r"\b(simply|just|powerful)\b|as you can see", re.IGNORECASE)

VARIES = {
    "an object's address": re.compile(r"0x[0-9a-f]{4,}"),
    "a port": re.compile(r"\b(127\.0\.0\.1|localhost):\d{4,5}\b"),
    "a path of this machine": re.compile(r"(/home|/root|/tmp|/Users|[A-Z]:\\Users)\b"),
    "a measured time": re.compile(r"\d\.\d+ ?(s|ms|seconds)\b"),
}


@pytest.fixture(params=LESSONS, ids=name_of)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def lesson(path: Path) -> NotebookNode:
    return read(path)


def bullets(text: str) -> list[str]:
    return re.findall(r"^- .*", text, re.MULTILINE)


def words(text: str) -> int:
    """Count the words of a prose cell; headings and tables are looked at, not read."""
    return len([word for line in text.splitlines() if not line.startswith(("#", "|")) for word in line.split()])


def text_of(cell: NotebookNode) -> str:
    found = []
    for output in cell.outputs:
        found += [output.get("text", "")]
        found += [data for kind, data in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(found)


def ends_in_a_value(source: str) -> bool:
    """Say whether the cell's last statement is one whose value Jupyter would show."""
    body = ast.parse(source).body
    return bool(body) and isinstance(body[-1], ast.Expr)


def predictions(lesson: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in code(lesson) if re.search(r"\bpredict\(", cell.source)]


def test_there_are_lessons() -> None:
    assert {"00_start_here", "01_your_first_pool"} <= {path.stem for path in LESSONS}


def test_every_code_cell_was_run_in_turn(lesson: NotebookNode) -> None:
    counts = [cell.execution_count for cell in code(lesson)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_output_is_missing_by_accident(lesson: NotebookNode) -> None:
    for cell in code(lesson):
        if ends_in_a_value(cell.source):
            assert bool(cell.outputs) != (SILENT in tags(cell)), cell.source


def test_nothing_in_a_strict_output_varies(lesson: NotebookNode) -> None:
    for cell in strict(lesson):
        for what, pattern in VARIES.items():
            assert not pattern.search(text_of(cell)), f"{what} in the output of:\n{cell.source}"


def test_no_cell_warns(lesson: NotebookNode) -> None:
    assert not [cell.source for cell in code(lesson) for output in cell.outputs if output.get("name") == "stderr"]


def test_it_opens_with_a_question_what_it_gives_and_how_long_it_takes(lesson: NotebookNode) -> None:
    first = prose(lesson)[0]
    assert lesson.cells[0].source == first
    assert re.match(r"# .*\?\n", first)
    assert "You will be able to\n" in first
    assert len(bullets(first)) == 3
    assert re.search(r"^\*\d+ minutes, and \d+ for the exercises?\.\*$", first, re.MULTILINE)
    assert words(first) <= 100


def test_it_ends_with_a_recap_questions_and_by_closing_what_it_opened(lesson: NotebookNode) -> None:
    recap = next(text for text in prose(lesson) if "## Recap\n" in text)
    recapped, asked = recap.split("## Questions to consider\n")
    assert len(bullets(recapped.split("## Recap\n")[1])) == 3
    assert len(bullets(asked)) >= 2
    assert "**Next:**" in prose(lesson)[-1]
    assert lesson.cells[-1].source.endswith("server.close()")


def test_it_is_short(lesson: NotebookNode) -> None:
    assert 25 <= len(lesson.cells) <= 45
    assert max(len(cell.source.splitlines()) for cell in code(lesson)) <= 15
    lines = [len([line for line in cell.source.splitlines() if line.strip()]) for cell in code(lesson)]
    # Of a folded cell one line is seen.
    assert median([1 if is_folded(cell) else count for cell, count in zip(code(lesson), lines, strict=True)]) <= 4
    for text in prose(lesson)[1:]:
        if "## Recap\n" not in text:
            assert words(text) <= 60, text


def test_it_talks_plainly(lesson: NotebookNode) -> None:
    for cell in lesson.cells:
        assert not FORBIDDEN.search(cell.source), cell.source


def test_a_prediction_is_asked_folded_under_a_name_of_its_own_and_answered(lesson: NotebookNode) -> None:
    asked = predictions(lesson)
    assert asked
    # Its source holds the answers.
    assert [cell.source for cell in asked if not is_folded(cell)] == []
    names = [cell.source.split(" = ")[0] for cell in asked]
    # A cell that is run again, much later, must meet its own question and not the last one of the page.
    assert len(set(names)) == len(names)
    whole = "\n".join(cell.source for cell in code(lesson))
    assert [name for name in names if f"\n{name}.reveal(" not in f"\n{whole}"] == []


def test_its_links_lead_somewhere(path: Path, lesson: NotebookNode) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", "\n".join(prose(lesson))):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_it_points_to_its_exercises_or_says_that_they_are_to_come(path: Path, lesson: NotebookNode) -> None:
    text = "\n".join(prose(lesson))
    if (TOP / "exercises" / path.name).exists():
        assert f"](../exercises/{path.name})" in text, "its exercises have come: link to them"
        assert "exercises of this lesson are to come" not in text
    else:
        assert "exercises of this lesson are to come" in text
