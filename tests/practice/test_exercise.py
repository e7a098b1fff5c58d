"""An exercise as a learner uses it, by calls and by buttons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from tutorial_lib import exercises
from tutorial_lib.errors import BadSetting
from tutorial_lib.exercises import exercise
from tutorial_lib.practice import panel as panel_module
from tutorial_lib.practice import verdict as verdict_module
from tutorial_lib.practice.exercise import Exercise
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.panel import WIDGET_MIME, Panel, PanelVerdict, Together
from tutorial_lib.practice.progress import ProgressFile
from tutorial_lib.practice.standing import Standing
from tutorial_lib.practice.task import Task
from tutorial_lib.practice.verdict import VERDICT_MIME, Note, Verdict, Wrong


def check(answer: Callable[..., Any], lab: Lab) -> str:
    if lab.call(answer) != 3:
        raise Wrong("Not `3`.")
    return "Three it is."


def starter() -> Any:
    return ...


def solution() -> int:
    return 3


def four() -> int:
    return 4


TASK = Task(
    id="three",
    lesson="00",
    title="Three",
    name="three",
    prompt="Return three.",
    starter=starter,
    solution=solution,
    check=check,
    hints=("A number.", "Between two and four.", "Count the hints."),
)


@pytest.fixture(autouse=True)
def _fallback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")


@pytest.fixture
def progress(tmp_path: Path) -> ProgressFile:
    return ProgressFile(tmp_path / "progress.json")


@pytest.fixture
def three(progress: ProgressFile) -> Exercise:
    return Exercise(TASK, Standing(progress))


# -- calls


def test_a_wrong_and_a_right_answer(three: Exercise, progress: ProgressFile) -> None:
    assert three.check(four) == Verdict("wrong", "Not `3`.", "three")
    assert three.check(solution) == Verdict("passed", "Three it is.", "three")
    assert progress.read().entries["three"].tries == 2
    assert progress.read().passed() == {"three"}


def test_an_untouched_starter_leaves_no_trace(three: Exercise, progress: ProgressFile) -> None:
    assert three.check(starter).status == "not attempted"
    assert not progress.path.exists()


def test_check_without_anything_says_what_to_do(three: Exercise) -> None:
    assert three.check().status == "not attempted"


def test_each_hint_goes_further_and_the_last_one_stays(three: Exercise) -> None:
    assert [three.hint().text for _ in range(4)] == [
        "**Hint 1 of 3.** A number.",
        "**Hint 2 of 3.** Between two and four.",
        "**Hint 3 of 3.** Count the hints.",
        "**Hint 3 of 3.** Count the hints.",
    ]


def test_the_solution_asks_once(three: Exercise) -> None:
    three.hint()
    assert "There are 2 hints that you haven't seen." in three.solution().text
    assert three.solution().text == "One way to do it:\n\n```python\ndef three() -> int:\n    return 3\n```"


def test_who_takes_it_back_is_asked_again(three: Exercise) -> None:
    three.solution()
    three.withdraw()
    assert "ask for it once more" in three.solution().text


def test_who_has_passed_is_not_asked(three: Exercise) -> None:
    three.check(solution)
    assert "return 3" in three.solution().text


def test_broken_progress_is_told_beside_the_verdict(three: Exercise, progress: ProgressFile) -> None:
    progress.path.write_text("{")
    verdict = three.check(solution)
    assert verdict.status == "passed"
    assert verdict.message.startswith("Three it is.\n\n")
    assert "progress.old-1.json" in verdict.message


def test_checking_again_takes_the_same_function(three: Exercise) -> None:
    assert "run its cell" in three.check_again().message
    three.check(four)
    assert three.check_again() == Verdict("wrong", "Not `3`.", "three")


def test_checking_again_notices_that_the_function_was_defined_again(three: Exercise) -> None:
    cell: dict[str, Any] = {}
    exec("def three():\n    return 4", cell)
    three.check(cell["three"])
    exec("def three():\n    return 3", cell)
    again = three.check_again()
    assert again.status == "not attempted"
    assert "has been defined again" in again.message
    assert three.check(cell["three"]).status == "passed"


class starter_class:  # noqa: N801
    def three(self) -> Any:
        return ...


class Three:
    def three(self) -> int:
        return 3


def test_an_answer_may_be_a_class(progress: ProgressFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def check_class(answer: Callable[..., Any], lab: Lab) -> str:
        return f"It's {lab.call(answer).three()}."

    task = replace(TASK, name="Three", starter=starter_class, solution=Three, check=check_class)
    asked = Exercise(task, Standing(progress))
    cell: dict[str, Any] = {"__name__": "cell"}
    exec(task.starter_text, cell)

    assert task.starter_text.startswith("class Three:")
    assert asked.check(cell["Three"]) == Verdict("not attempted", asked.check(starter_class).message, "three")
    assert asked.check(Three).message == "It's 3."
    assert "It calls your class itself, so give it the class" in asked.check(Three()).message
    asked.check(Three)
    monkeypatch.setitem(globals(), "Three", starter_class)
    assert "has been defined again" in asked.check_again().message


def test_an_unknown_exercise_gets_a_suggestion() -> None:
    with pytest.raises(BadSetting, match="Did you mean 'first-pool'"):
        exercise("frist-pool")


def test_the_same_exercise_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_PROGRESS", "off")
    for remembered in (exercises._made, exercises._standing):
        remembered.cache_clear()
    first = exercise("first-pool")
    first.hint()
    assert exercise("first-pool").hint().text.startswith("**Hint 2")
    for remembered in (exercises._made, exercises._standing):
        remembered.cache_clear()


# -- what is shown


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        (Verdict("passed", "Fine."), "✓ passed: Fine."),
        (Verdict("wrong", "No."), "✗ wrong: No."),
        (Verdict("not attempted", "Begin."), "○ not attempted: Begin."),
        (Verdict("error", "Oh."), "! error: Oh."),
    ],
)
def test_a_verdict_reads_the_same_everywhere(verdict: Verdict, shown: str) -> None:
    bundle, _ = DisplayFormatter().format(verdict)
    assert repr(verdict) == bundle["text/plain"] == shown
    assert bundle["text/markdown"].endswith(f"</b></p>\n\n{verdict.message}\n\n</div>")
    assert bundle[VERDICT_MIME] == {"exercise": "", "status": verdict.status, "message": verdict.message}
    json.dumps(bundle)


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"hello", "`b'hello'`"),
        ("a`b", "`'a'b'`"),
        ("x" * 200, f"`'{'x' * 79} …`"),
        (Odd(), "`<Odd>`"),
        ("a\nb", "`'a\\nb'`"),
    ],
)
def test_a_learners_value_fits_into_a_sentence(value: Any, text: str) -> None:
    assert verdict_module.shown(value) == text


def test_a_note_is_its_text() -> None:
    assert repr(Note("**Hint**")) == Note("**Hint**")._repr_markdown_() == "**Hint**"


def test_an_exercise_reads_as_its_task(three: Exercise) -> None:
    assert repr(three) == "Three\n\nReturn three."


# -- buttons


class Screen:
    """Stands for the notebook: keeps what was displayed, by the id it was displayed under."""

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self.updates: dict[str, Any] = {}

    def display(self, thing: Any, *, raw: bool = False, display_id: str | None = None) -> None:
        self.shown.append((thing, display_id))

    def update_display(self, thing: Any, *, raw: bool, display_id: str) -> None:
        self.updates[display_id] = thing


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(panel_module, "display", screen.display)
    monkeypatch.setattr(panel_module, "update_display", screen.update_display)
    return screen


@pytest.fixture
def panel(three: Exercise, screen: Screen) -> Iterator[Panel]:
    together = Together(("two", "three", "four"), three.standing, lambda: None)
    panel = Panel(three, together, "[Next exercise: Four](#3.-Four)")
    yield panel
    panel.widget.close()


def shown(panel: Panel) -> list[str]:
    return [output["data"]["text/markdown"] for output in panel.notes.outputs]


def test_a_checked_answer_shows_the_verdict_and_the_buttons_beneath(
    three: Exercise, panel: Panel, screen: Screen
) -> None:
    verdict = three.check(four)
    assert verdict.status == "wrong"
    assert isinstance(verdict, PanelVerdict)
    assert repr(verdict) == "✗ wrong: Not `3`."
    verdict._ipython_display_()
    (said, name), (buttons, _) = screen.shown
    assert said[VERDICT_MIME]["status"] == "wrong"
    assert name == "verdict-three"
    assert buttons[WIDGET_MIME]["model_id"] == panel.widget.model_id


def test_the_check_button_renews_the_verdict_in_its_place(three: Exercise, panel: Panel, screen: Screen) -> None:
    three.check(solution)
    panel.check.click()
    assert screen.updates["verdict-three"]["text/plain"] == "✓ passed: Three it is."
    assert panel.check.description == "Check"


def test_the_hint_button_gathers_hints(panel: Panel) -> None:
    panel.hint.click()
    panel.hint.click()
    assert shown(panel) == ["**Hint 1 of 3.** A number.", "**Hint 2 of 3.** Between two and four."]


def test_the_solution_button_asks_and_then_shows(panel: Panel) -> None:
    panel.hint.click()
    assert panel.question.layout.display == "none"
    panel.solution.click()
    assert panel.question.layout.display != "none"
    assert len(shown(panel)) == 2
    assert "return 3" not in shown(panel)[-1]
    panel.show_it.click()
    assert "return 3" in shown(panel)[-1]
    assert panel.question.layout.display == "none"


def test_not_yet_puts_the_question_away(panel: Panel) -> None:
    panel.hint.click()
    panel.solution.click()
    panel.not_yet.click()
    assert shown(panel) == ["**Hint 1 of 3.** A number."]
    assert panel.question.layout.display == "none"
    panel.solution.click()
    assert "return 3" not in shown(panel)[-1]


def test_the_panel_counts_what_this_notebook_has_passed(three: Exercise, panel: Panel, progress: ProgressFile) -> None:
    progress.record("elsewhere", passed=True)
    progress.record("two", passed=True)
    assert panel.together.line() == "✓○○ 1 of 3 passed in this notebook"
    three.check(solution)
    assert panel.together.line() == "✓✓○ 2 of 3 passed in this notebook"
    assert "✓✓○ 2 of 3" in panel.progress.value


def test_what_one_panel_learns_all_of_them_show(screen: Screen) -> None:
    """Also where progress is kept in no file."""
    standing, renewed = Standing(), []
    together = Together(("three", "four"), standing, lambda: renewed.append(standing.passed()))
    both = [Exercise(replace(TASK, id=name), standing) for name in ("three", "four")]
    panels = [Panel(exercise, together) for exercise in both]
    both[0].check(four)
    both[1].check(solution)
    assert ["✗" in panel.progress.value or "○✓ 1 of 2" in panel.progress.value for panel in panels] == [True, True]
    assert ['role="status"' in panel.progress.value for panel in panels] == [False, True]  # said once, not twice
    assert renewed == [set(), {"four"}]
    for panel in panels:
        panel.widget.close()


def test_after_a_pass_it_says_why_and_leads_on(three: Exercise, panel: Panel) -> None:
    three.task = replace(TASK, why="It is *the* number.")
    assert "Why this works" not in three.check(four)._repr_markdown_()
    card = three.check(solution)._repr_markdown_()
    why, onward = "**Why this works, and what else would.** It is *the* number.", "[Next exercise: Four](#3.-Four)"
    assert card.endswith(f"Three it is.\n\n{why}\n\n{onward}\n\n</div>")
    assert repr(three.check(solution)) == "✓ passed: Three it is."  # in a terminal there is nothing to click


def test_what_is_said_of_an_answer_does_not_contradict_what_has_passed(three: Exercise, panel: Panel) -> None:
    assert "earlier" not in three.check(starter)._repr_markdown_()
    assert "earlier" not in three.check(solution)._repr_markdown_()
    assert "<b>○ Not attempted</b> · ✓ an earlier answer passed" in three.check(starter)._repr_markdown_()
    assert "<b>✗ Not yet</b> · ✓ an earlier answer passed" in three.check(four)._repr_markdown_()


def test_the_check_button_says_so_too(three: Exercise, panel: Panel, progress: ProgressFile, screen: Screen) -> None:
    progress.record("three", passed=True)
    panel.check.click()
    assert "· ✓ an earlier answer passed" in screen.updates["verdict-three"]["text/markdown"]


def test_displaying_the_exercise_shows_its_task_and_the_panel(
    three: Exercise, panel: Panel, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    three._ipython_display_()
    assert shown[0] == Note("### Three\n\nReturn three.")
    assert isinstance(shown[1], PanelVerdict)
    assert shown[1].status == "not attempted"
