from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tutorial_lib.errors import BadSetting
from tutorial_lib.widgets import prediction
from tutorial_lib.widgets.prediction import predict

QUESTION = "How many of the `ten` get an error?"
CHOICES = {0: "A plain pool has no queue.", 6: "The other four found one.", 10: "Four of them found a connection free."}


@pytest.fixture(autouse=True)
def _nothing_asked_yet() -> Iterator[None]:
    yield
    prediction._unrevealed.clear()


def test_a_prediction_reads_as_a_list_where_there_are_no_widgets() -> None:
    assert repr(predict(QUESTION, CHOICES, answer=6)) == "How many of the ten get an error?\n  ( ) 0\n  ( ) 6\n  ( ) 10"


def test_markdown_keeps_the_code() -> None:
    shown = predict(QUESTION, {"`b'hello'`": "Yes.", "text": "no", 3: "no"}, answer=3)._repr_mimebundle_()
    assert shown["text/markdown"] == f"**{QUESTION}**\n\n- `b'hello'`\n- text\n- `3`"
    assert "( ) b'hello'\n" in shown["text/plain"]


def test_displaying_shows_the_widget_of_that_prediction() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    view = guess._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == guess.widget.model_id
    assert (guess.widget.question, guess.widget.labels) == (QUESTION, ["0", "6", "10"])
    assert guess.widget.choice is None


def test_what_is_stored_does_not_depend_on_the_choice() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    before = guess._repr_mimebundle_()
    guess.widget.choice = 2
    assert guess._repr_mimebundle_() == before


def test_without_a_choice_what_was_measured_is_explained() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    assert repr(guess.reveal(6)) == "Measured: 6. The other four found one."
    assert guess.widget.reply == ""


def test_the_right_choice_is_told_why() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = 1
    assert repr(guess.reveal(6)) == "✔ Right: 6. The other four found one."


def test_nothing_is_said_twice() -> None:
    """What the experiment's cell says, the card above it only marks."""
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = 0
    guess.reveal(6)
    assert guess.widget.revealed
    assert (guess.widget.right, guess.widget.reply) == (1, "")


def test_right_and_wrong_have_a_colour_beside_their_words() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = 1
    assert 'class="prediction-outcome-right">**✔ Right: `6`.**</span>' in guess.reveal(6)._repr_markdown_()
    guess.widget.choice = 0
    assert 'class="prediction-outcome-wrong">**✘ You said `0`;' in guess.reveal(6)._repr_markdown_()


@pytest.mark.parametrize(("position", "value"), [(0, 0), (2, 10)])
def test_each_wrong_choice_has_its_own_reply(position: int, value: int) -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = position
    assert repr(guess.reveal(6)) == f"✘ You said {value}; measured: 6. {CHOICES[value]}"


def test_a_value_that_the_lesson_does_not_know_is_told_and_nobody_is_corrected() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    assert repr(guess.reveal(7)).startswith("Measured: 7. This lesson expects 6: ")
    guess.widget.choice = 0
    said = repr(guess.reveal(7))
    assert said.startswith("✘ You said 0; measured: 7. This lesson expects 6: ")
    assert "no queue" not in said


def test_a_choice_that_the_measurement_bears_out_is_right_whatever_the_lesson_expects() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = 2
    assert repr(guess.reveal(10)).startswith("✔ Right: 10. This lesson expects 6: ")


def test_what_the_page_says_was_chosen_is_not_sent_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """By then the learner may have chosen something else."""
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.reveal(6)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(guess.widget, "_send", lambda message, buffers=None: sent.append(message["state"]))
    guess.widget._handle_custom_msg({"choice": 2}, [])
    assert guess.widget.choice == 2
    assert sent == [{"reply": CHOICES[10]}]


def test_choosing_after_the_reveal_is_explained_in_the_card() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.reveal(6)
    guess.widget.choice = 0
    assert guess.widget.reply == "A plain pool has no queue."
    guess.widget.choice = 1
    assert guess.widget.reply == "", "the cell that reveals has explained the right choice"


def test_an_outcome_keeps_the_choice_that_it_was_made_with() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = 1
    outcome = guess.reveal(6)
    guess.widget.choice = 0
    assert outcome.as_markdown() == "✔ Right: `6`. The other four found one."


def test_a_cell_that_is_run_twice_before_the_reveal_keeps_the_choice() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = 1
    assert predict(QUESTION, CHOICES, answer=6) is guess
    guess.reveal(6)
    assert predict(QUESTION, CHOICES, answer=6).widget.choice is None


def test_other_answers_make_another_prediction() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = 1
    assert predict(QUESTION, {**CHOICES, 4: "new"}, answer=6).widget.choice is None


def test_what_was_measured_may_be_anything() -> None:
    guess = predict("What comes back?", {None: "", "`b'hello'`": "It lies in another database."}, answer=None)
    assert repr(guess.reveal(None)) == "Measured: None."
    assert repr(guess.reveal(["a", "list"])).startswith("Measured: ['a', 'list']. This lesson expects None: ")


def test_a_measured_value_that_is_no_choice_marks_none_as_right() -> None:
    guess = predict(QUESTION, CHOICES, answer=6)
    guess.widget.choice = 1
    guess.reveal(7)
    assert guess.widget.right is None


@pytest.mark.parametrize(("choices", "answer"), [({}, 1), ({1: ""}, 1), ({1: "no", 2: "no"}, 3)])
def test_a_prediction_needs_two_choices_and_a_right_one(choices: dict[object, str], answer: object) -> None:
    with pytest.raises(BadSetting, match="answer= must be one of them"):
        predict(QUESTION, choices, answer)


@pytest.mark.parametrize(
    ("question", "choices", "said"),
    [
        (None, CHOICES, "The question is None. Give a text"),
        ([], CHOICES, "The question is"),
        ("", CHOICES, "The question is ''"),
        (QUESTION, None, "The choices are None. Give a dict"),
        (QUESTION, ["x" * 10**6], r"The choices are \['xxx.*… .*\. Give a dict"),
        (QUESTION, {1: "yes", 2: 3}, r"The choices are .* Give a dict of each choice and what to say"),
    ],
)
def test_what_is_no_question_is_told(question: Any, choices: Any, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        predict(question, choices, 1)
