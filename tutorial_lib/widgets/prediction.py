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


def predict(question: str, choices: Mapping[object, str | None], answer: object = ...) -> Prediction:
    """Ask a question that the next cells answer. Display what it returns, and ``reveal`` the measured value there.

    ``choices`` maps each choice to what the learner is told who took it: why it is wrong, or why it is right.
    ``answer`` is the right choice. Choices that are text, the question and the replies may hold `code` in backticks.
    Nothing waits for a choice. A question that is asked again before it was revealed keeps its choice.
    """
    _check(question, choices)
    if answer is ...:
        answer = next((choice for choice, reply in choices.items() if reply is None), ...)
    asked = _unrevealed.get(question)
    if asked is None or asked.choices != dict(choices) or asked.answer != answer:
        asked = _unrevealed[question] = Prediction(question, choices, answer)
    return asked


def _check(question: object, choices: object) -> None:
    if not isinstance(question, str) or not question:
        raise BadSetting(f"The question is {in_short(question)}. Give a text, and then the choices.")
    if not isinstance(choices, Mapping) or not all(isinstance(reply, str | None) for reply in choices.values()):
        raise BadSetting(
            f"The choices are {in_short(choices)}. Give a dict of each choice and what to say about it, "
            "such as {2: 'There are two connections.', 3: 'The third has to wait.'}."
        )


class Prediction:
    """A question with its choices: a card where widgets work, a list where they do not.

    The list is the same whether or not a choice has been made, so that stored outputs can be compared.
    """

    def __init__(self, question: str, choices: Mapping[object, str | None], answer: object) -> None:
        if len(choices) < 2 or answer not in list(choices):
            raise BadSetting(
                "A prediction needs two choices or more, and answer= must be one of them. "
                f"This one has {len(choices)}: {in_short(question)}"
            )
        self.question = question
        self.choices = dict(choices)
        self.answer = answer
        self._measured: object = None
        self._said: Comparison | None = None
        self.widget = Card(question=question, labels=[_as_label(choice) for choice in choices])
        self.widget.observe(lambda _: self._answer_late(), names="choice")

    def reveal(self, measured: object) -> Comparison:
        """Compare what was measured with what was predicted. The outcome keeps the choice made until now.

        A learner who chooses afterwards reads the reply in the card.
        """
        self._measured = measured
        _unrevealed.pop(self.question, None)
        outcome = self._outcome(measured)
        self.widget.right = next((place for place, choice in enumerate(self.choices) if measured == choice), None)
        self.widget.revealed = True
        self.widget.reply = ""  # the cell that reveals says it
        self._said = outcome
        return outcome

    def _outcome(self, measured: object) -> Comparison:
        position = self.widget.choice
        chosen = list(self.choices)[position] if position is not None else self.answer
        as_expected = bool(measured == self.answer)
        return Comparison(
            measured=_as_markdown(measured),
            chosen=None if position is None else _as_markdown(chosen),
            was_right=bool(measured == chosen),
            # A reply explains what was expected to happen. Where something else happened it would be untrue.
            reply=(self.choices[chosen] or "") if as_expected else "",
            expected=None if as_expected else _as_markdown(self.answer),
        )

    def _answer_late(self) -> None:
        """Explain a choice that is made after the reveal, unless the cell that revealed has said just that."""
        if self._said is not None:
            why = self._outcome(self._measured).explanation()
            self.widget.reply = "" if why == self._said.explanation() else why

    def __repr__(self) -> str:
        return "\n".join([_plain(self.question), *(f"  ( ) {_as_text(choice)}" for choice in self.choices)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        lines = [f"**{self.question}**", "", *(f"- {_as_markdown(choice)}" for choice in self.choices)]
        view, _ = self.widget._repr_mimebundle_() or ({}, {})
        # A page shows the richest of the three that it can. Stored notebooks keep the other two.
        return {**view, "text/markdown": "\n".join(lines), "text/plain": repr(self)}


@dataclass(frozen=True)
class Comparison:
    """What was measured, beside what was predicted. Values are written as Markdown."""

    measured: str
    chosen: str | None
    """What the learner predicted, or None."""
    was_right: bool
    reply: str
    """Why: to the choice that was made, or to the right one where none was made."""
    expected: str | None = None
    """The answer that the lesson expects, where something else was measured; else None."""

    def as_markdown(self) -> str:
        """Say it in a sentence or two."""
        return f"{self._verdict()} {self.explanation()}".strip()

    def explanation(self) -> str:
        """Say why, without the verdict."""
        return f"{self._surprise()} {self.reply}".strip()

    def _verdict(self) -> str:
        if self.chosen is None:
            return f"Measured: {self.measured}."
        if self.was_right:
            return f"✔ Right: {self.measured}."
        return f"✘ You said {self.chosen}; measured: {self.measured}."

    def _surprise(self) -> str:
        if self.expected is None:
            return ""
        return (
            f"This lesson expects {self.expected}: a cell was changed, or run in another order, "
            "or your version of redis-py or Redis does this differently."
        )

    def __repr__(self) -> str:
        return _plain(self.as_markdown())

    def _repr_markdown_(self) -> str:
        if self.chosen is None:
            return self.as_markdown()
        colour = "right" if self.was_right else "wrong"
        return f'<span class="prediction-outcome-{colour}">**{self._verdict()}**</span> {self.explanation()}'.strip()


_unrevealed: dict[str, Prediction] = {}


class Card(anywidget.AnyWidget):
    """The widget of one prediction. The page draws its traits, and says in a message what was chosen."""

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    question = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    choice = traitlets.Int(None, allow_none=True).tag(sync=True, echo_update=False)
    revealed = traitlets.Bool(False).tag(sync=True)
    right = traitlets.Int(None, allow_none=True).tag(sync=True)
    """After the reveal: the place of the choice that was measured, or None where it is none of them."""
    reply = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._chosen)

    def _chosen(self, widget: object, message: Any, buffers: object) -> None:
        # The learner may have chosen something else by now, so the choice is not sent back: set_state does not, and
        # echo_update=False stops the echo. (A second window learns of it when the page is loaded there again.)
        self.set_state({"choice": message["choice"]})


def _as_text(answer: object) -> str:
    return _plain(answer) if isinstance(answer, str) else repr(answer)


def _as_label(choice: object) -> str:
    return str(choice) if isinstance(choice, int | float) else _as_markdown(choice)


def _as_markdown(answer: object) -> str:
    return answer if isinstance(answer, str) else f"`{answer!r}`"


def _plain(markdown: str) -> str:
    return markdown.replace("`", "")
