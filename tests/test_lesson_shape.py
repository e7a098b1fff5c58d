"""Every lesson has the shape that CONTRIBUTING.md describes, and its outputs are there and can be compared."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median

import pytest
from nbformat import NotebookNode

from tests.lessons import LESSONS, code, is_folded, name_of, of_a_lab, prose, read, strict, tags
from tools.build_notebooks import MEASURED

MINUTES = re.compile(r"\*(\d+) minutes, plus (\d+) for the exercises?\.\*")

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
    for cell in strict(lesson) + of_a_lab(lesson):
        for what, pattern in VARIES.items():
            assert not pattern.search(text_of(cell)), f"{what} in the output of:\n{cell.source}"


def test_a_cell_that_needs_a_redis_server_is_not_compared_where_there_is_none(lesson: NotebookNode) -> None:
    assert [cell.source for cell in of_a_lab(lesson) if MEASURED not in tags(cell)] == []


def test_no_cell_warns(lesson: NotebookNode) -> None:
    assert not [cell.source for cell in code(lesson) for output in cell.outputs if output.get("name") == "stderr"]


def test_it_opens_with_a_question_what_it_teaches_what_it_needs_and_how_long_it_takes(lesson: NotebookNode) -> None:
    first = lesson.cells[0].source
    assert re.match(r"# .*\?\n", first)
    goals = first.split("**You'll learn to**\n")[1].split("**You need**")[0]
    assert 3 <= len(bullets(goals)) <= 5
    assert MINUTES.search(first), "say: *20 minutes, plus 30 for the exercises.*"


def test_it_takes_the_minutes_that_it_says_and_no_more_than_25(lesson: NotebookNode) -> None:
    stated = MINUTES.search(lesson.cells[0].source)
    assert stated
    assert int(stated[1]) <= 25
    assert abs(int(stated[1]) - minutes_to_read(lesson)) <= 5


def test_each_heading_is_a_cell_of_its_own(lesson: NotebookNode) -> None:
    for text in prose(lesson)[1:]:
        if any(line.startswith("#") for line in text.splitlines()):
            assert re.fullmatch(r"#+ [^\n]+", text), text


def test_each_experiment_ends_in_a_bold_conclusion(lesson: NotebookNode) -> None:
    """After the cell that reveals what was measured comes prose that begins with a sentence in bold."""
    for place, cell in enumerate(lesson.cells):
        if cell.cell_type == "code" and ".reveal(" in cell.source:
            following = lesson.cells[place + 1 :]
            said = next(cell.source for cell in following if cell.cell_type == "markdown")
            assert said.startswith("**"), said


def test_it_ends_with_a_summary_questions_with_answers_and_links(lesson: NotebookNode) -> None:
    headings = [text for text in prose(lesson) if text.startswith("## ")]
    assert headings[-2:] == ["## Summary", "## Check yourself"]
    asked = prose(lesson)[prose(lesson).index("## Check yourself") + 1]
    # Without the empty line the answer is not read as Markdown.
    assert len(re.findall(r"<details><summary>.*?\?</summary>\n\n.+?\n\n</details>", asked, re.DOTALL)) >= 2
    *_, closing, links = lesson.cells
    assert closing.source.endswith("server.close()")
    assert "**Practise:** [" in links.source
    assert "**Next:** [" in links.source


def test_its_code_can_be_read_at_a_glance(lesson: NotebookNode) -> None:
    lines = [len([line for line in cell.source.splitlines() if line.strip()]) for cell in seen(lesson)]
    assert max(lines) <= 15
    assert median(lines) <= 6
    # What is longer has to be scrolled sideways.
    assert [line for cell in seen(lesson) for line in cell.source.splitlines() if len(line) > 100] == []


def seen(lesson: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in code(lesson) if not is_folded(cell)]


def minutes_to_read(lesson: NotebookNode) -> float:
    """Return the minutes that a learner needs: 200 words a minute, 20 seconds a prediction. Cells run beside that."""
    read_words = sum(len(text.split()) for text in prose(lesson)) + sum(
        len(cell.source.split()) for cell in seen(lesson)
    )
    return read_words / 200 + len(predictions(lesson)) / 3


def test_each_choice_has_a_reply_of_its_own(lesson: NotebookNode) -> None:
    """The right one has, too: it says why."""
    for cell in predictions(lesson):
        assert "answer=" in cell.source, cell.source
        assert not re.search(r":\s*None\s*[,}]", cell.source), cell.source


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


def test_it_leads_to_its_exercises_and_to_the_next_lesson(path: Path, lesson: NotebookNode) -> None:
    links = prose(lesson)[-1]
    following = [other.name for other in LESSONS if other.name > path.name] or ["../docs/summary.md"]
    for target in (f"](../exercises/ex{path.name})", f"]({following[0]})"):
        assert target in links, f"{target} is missing in the last cell; exercises come from COURSE and make notebooks"
