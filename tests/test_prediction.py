from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tutorial_lib.errors import BadSetting
from tutorial_lib.widgets import prediction
from tutorial_lib.widgets.prediction import predict

QUESTION = "How many of the `ten` get an error?"
ANSWERS = {0: "A plain pool has no queue.", 6: None, 10: "Four of them found a connection free."}


@pytest.fixture(autouse=True)
def _nothing_asked_yet() -> Iterator[None]:
    yield
    prediction._unrevealed.clear()


def test_a_prediction_reads_as_a_list_where_there_are_no_widgets() -> None:
    assert repr(predict(QUESTION, ANSWERS)) == "How many of the ten get an error?\n  ( ) 0\n  ( ) 6\n  ( ) 10"


def test_markdown_keeps_the_code() -> None:
    shown = predict(QUESTION, {"`b'hello'`": None, "text": "no", 3: "no"})._repr_mimebundle_()
    assert shown["text/markdown"] == f"**{QUESTION}**\n\n- `b'hello'`\n- text\n- `3`"
    assert "( ) b'hello'\n" in shown["text/plain"]


def test_displaying_shows_the_widget_of_that_prediction() -> None:
    guess = predict(QUESTION, ANSWERS)
    view = guess._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == guess.widget.model_id
    assert (guess.widget.question, guess.widget.labels) == (QUESTION, ["`0`", "`6`", "`10`"])
    assert guess.widget.choice is None


def test_what_is_stored_does_not_depend_on_the_choice() -> None:
    guess = predict(QUESTION, ANSWERS)
    before = guess._repr_mimebundle_()
    guess.widget.choice = 2
    assert guess._repr_mimebundle_() == before


def test_nobody_chose() -> None:
    guess = predict(QUESTION, ANSWERS)
    assert repr(guess.reveal(6)) == "Measured: 6."
    assert guess.widget.reply == ""


def test_right() -> None:
    guess = predict(QUESTION, ANSWERS)
    guess.widget.choice = 1
    assert repr(guess.reveal(6)) == guess.widget.reply.replace("`", "") == "✔ Right: 6."


@pytest.mark.parametrize(("position", "value"), [(0, 0), (2, 10)])
def test_each_wrong_choice_has_its_own_reply(position: int, value: int) -> None:
    guess = predict(QUESTION, ANSWERS)
    guess.widget.choice = position
    assert repr(guess.reveal(6)) == f"✘ You said {value}; measured: 6. {ANSWERS[value]}"


def test_a_value_that_the_lesson_does_not_know_is_told_and_nobody_is_corrected() -> None:
    guess = predict(QUESTION, ANSWERS)
    assert repr(guess.reveal(7)).startswith("Measured: 7. This lesson expects 6: ")
    guess.widget.choice = 0
    said = repr(guess.reveal(7))
    assert said.startswith("✘ You said 0; measured: 7. This lesson expects 6: ")
    assert "no queue" not in said


def test_a_choice_that_the_measurement_bears_out_is_right_whatever_the_lesson_expects() -> None:
    guess = predict(QUESTION, ANSWERS)
    guess.widget.choice = 2
    assert repr(guess.reveal(10)).startswith("✔ Right: 10. This lesson expects 6: ")


def test_choosing_after_the_reveal_answers_under_the_choices() -> None:
    guess = predict(QUESTION, ANSWERS)
    guess.reveal(6)
    guess.widget.choice = 0
    assert guess.widget.reply == "✘ You said `0`; measured: `6`. A plain pool has no queue."
    guess.widget.choice = 1
    assert guess.widget.reply == "✔ Right: `6`."


def test_an_outcome_keeps_the_choice_that_it_was_made_with() -> None:
    guess = predict(QUESTION, ANSWERS)
    guess.widget.choice = 1
    outcome = guess.reveal(6)
    guess.widget.choice = 0
    assert outcome._repr_markdown_() == "✔ Right: `6`."


def test_a_cell_that_is_run_twice_before_the_reveal_keeps_the_choice() -> None:
    guess = predict(QUESTION, ANSWERS)
    guess.widget.choice = 1
    assert predict(QUESTION, ANSWERS) is guess
    guess.reveal(6)
    assert predict(QUESTION, ANSWERS).widget.choice is None


def test_other_answers_make_another_prediction() -> None:
    guess = predict(QUESTION, ANSWERS)
    guess.widget.choice = 1
    assert predict(QUESTION, {**ANSWERS, 4: "new"}).widget.choice is None


def test_what_was_measured_may_be_anything() -> None:
    guess = predict("What comes back?", {None: None, "`b'hello'`": "It lies in another database."})
    assert repr(guess.reveal(None)) == "Measured: None."
    assert repr(guess.reveal(["a", "list"])).startswith("Measured: ['a', 'list']. This lesson expects None: ")


@pytest.mark.parametrize("answers", [{}, {1: None}, {1: "no", 2: "no"}, {1: None, 2: None}])
def test_exactly_one_of_two_or_more_choices_is_right(answers: dict[object, str | None]) -> None:
    with pytest.raises(BadSetting, match="one of them right"):
        predict(QUESTION, answers)


@pytest.mark.parametrize(
    ("question", "answers", "said"),
    [
        (None, ANSWERS, "The question is None. Give a text"),
        ([], ANSWERS, "The question is"),
        ("", ANSWERS, "The question is ''"),
        (QUESTION, None, "The answers are None. Give a dict"),
        (QUESTION, ["x" * 10**6], r"The answers are \['xxx.*… *\. Give a dict"),
        (QUESTION, {1: None, 2: 3}, "The answers are .* Give a dict of each choice and what to say"),
    ],
)
def test_what_is_no_question_is_told(question: Any, answers: Any, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        predict(question, answers)
