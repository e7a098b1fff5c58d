"""Ask before an experiment, compare after it: what a learner has predicted is what a learner remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting


def predict(question: str, answers: Mapping[object, str | None]) -> Prediction:
    """Ask a question that the next cells answer. Display what it returns, and ``reveal`` the measured value there.

    ``answers`` maps each choice to what to say when that choice turns out wrong; the right choice has None.
    Choices that are text, the question and the replies may hold `code` in backticks. Nothing waits for a choice.

    Asked again before it was revealed, a question is the same one and keeps its choice: who clicks a button and then
    presses Shift+Enter runs the question's own cell once more.
    """
    _check(question, answers)
    asked = _unrevealed.get(question)
    if asked is None or asked.answers != dict(answers):
        asked = _unrevealed[question] = Prediction(question, answers)
    return asked


def _check(question: object, answers: object) -> None:
    if not isinstance(question, str) or not question:
        raise BadSetting(f"The question is {in_short(question)}. Give a text, and then the answers.")
    if not isinstance(answers, Mapping) or not all(
        reply is None or isinstance(reply, str) for reply in answers.values()
    ):
        raise BadSetting(
            f"The answers are {in_short(answers)}. Give a dict of each choice and what to say when it is wrong, "
            "None for the right one: {2: None, 3: 'The third has to wait.'}."
        )
    right = [answer for answer, reply in answers.items() if reply is None]
    if len(right) != 1 or len(answers) < 2:
        raise BadSetting(
            f"A prediction needs two choices or more, and one of them right (None). This one has {len(answers)} "
            f"choices, and {len(right)} of them right: {in_short(question)}"
        )


class Prediction:
    """A question with its choices: radio buttons where widgets work, a list where they do not.

    The list is the same whether or not a choice has been made, so that stored outputs can be compared.
    """

    def __init__(self, question: str, answers: Mapping[object, str | None]) -> None:
        self.question = question
        self.answers = dict(answers)
        self._measured: list[object] = []  # empty, or the last measured value, for None can be measured too
        self.widget = RadioButtons(question=question, labels=[_as_markdown(answer) for answer in answers])
        self.widget.observe(lambda _: self._show_outcome(), names="choice")

    def reveal(self, measured: object) -> Outcome:
        """Compare what was measured with what was predicted. The outcome keeps the choice made until now.

        A learner who chooses afterwards reads the reply under the choices.
        """
        self._measured = [measured]
        _unrevealed.pop(self.question, None)
        self._show_outcome()
        return self._outcome(measured)

    def _outcome(self, measured: object) -> Outcome:
        expected = next(answer for answer, reply in self.answers.items() if reply is None)
        as_expected = bool(measured == expected)
        position = self.widget.choice
        if position is None:
            return Outcome(_as_markdown(measured), None if as_expected else _as_markdown(expected))
        chosen, reply = list(self.answers.items())[position]
        return Outcome(
            measured=_as_markdown(measured),
            expected=None if as_expected else _as_markdown(expected),
            chosen=_as_markdown(chosen),
            was_right=bool(measured == chosen),
            # A reply says why a choice is wrong where the rest went as expected, and only there.
            reply=reply if as_expected else None,
        )

    def _show_outcome(self) -> None:
        # Run All finds that nobody has chosen, and then the cell below says all there is to say.
        if self._measured and self.widget.choice is not None:
            self.widget.reply = self._outcome(self._measured[0]).as_markdown()

    def __repr__(self) -> str:
        return "\n".join([_plain(self.question), *(f"  ( ) {_as_text(answer)}" for answer in self.answers)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        lines = [f"**{self.question}**", "", *(f"- {_as_markdown(answer)}" for answer in self.answers)]
        view, _ = self.widget._repr_mimebundle_() or ({}, {})
        # A page shows the richest of the three that it can. Stored notebooks keep the other two.
        return {**view, "text/markdown": "\n".join(lines), "text/plain": repr(self)}


@dataclass(frozen=True)
class Outcome:
    """What was measured, beside what was predicted. Values are written as Markdown."""

    measured: str
    expected: str | None
    """The answer that the lesson expects, where something else was measured; else None."""
    chosen: str | None = None
    was_right: bool = False
    reply: str | None = None

    def as_markdown(self) -> str:
        """Say it in a sentence or two."""
        if self.chosen is None:
            parts = [f"Measured: {self.measured}."]
        elif self.was_right:
            parts = [f"✔ Right: {self.measured}."]
        else:
            parts = [f"✘ You said {self.chosen}; measured: {self.measured}."]
        if self.expected is not None:
            parts.append(
                f"This lesson expects {self.expected}: a cell was changed, or run in another order, "
                "or your version of redis-py or Redis does this differently."
            )
        return " ".join([*parts, self.reply or ""]).strip()

    def __repr__(self) -> str:
        return _plain(self.as_markdown())

    def _repr_markdown_(self) -> str:
        return self.as_markdown()


_unrevealed: dict[str, Prediction] = {}


class RadioButtons(anywidget.AnyWidget):
    """The widget of one prediction. Its traits are all there is to it on this side."""

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    question = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    choice = traitlets.Int(None, allow_none=True).tag(sync=True)
    reply = traitlets.Unicode().tag(sync=True)


def _as_text(answer: object) -> str:
    return _plain(answer) if isinstance(answer, str) else repr(answer)


def _as_markdown(answer: object) -> str:
    return answer if isinstance(answer, str) else f"`{answer!r}`"


def _plain(markdown: str) -> str:
    return markdown.replace("`", "")
