"""The buttons under a verdict: Check, Hint, Solution, and how far this notebook is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import ipywidgets
from IPython.display import display, update_display

from tutorial_lib.practice.exercise import Exercise
from tutorial_lib.practice.verdict import Note, Verdict

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True, repr=False)
class PanelVerdict(Verdict):
    """A verdict that shows its exercise's panel beneath itself."""

    panel: Panel | None = field(default=None, compare=False)

    def _ipython_display_(self) -> None:
        # Two outputs: the verdict stays readable in a saved notebook, where buttons have nobody to serve them.
        # The id lets a button renew the verdict in its place.
        display(self._repr_mimebundle_(), raw=True, display_id=_display_id(self))
        if self.panel:
            display(self.panel.mimebundle(), raw=True)


class Panel:
    """One exercise's buttons. Whatever they do can be called too: ``check``, ``hint``, ``solution``.

    ``together`` are the exercises of the same notebook, this one included. Making the panel attaches it to the
    exercise, whose verdicts show it from then on.
    """

    def __init__(self, exercise: Exercise, together: Sequence[str]) -> None:
        self.exercise = exercise
        self.together = together
        self.check = _button("Check", "Check the function once more, as it was when its cell was last run")
        self.hint = _button("Hint", "One hint more each time")
        self.solution = _button("Solution", "Asks first, then shows one way to do it")
        self.show_it = _button("Show it", "Show the solution now")
        self.not_yet = _button("Not yet", "Go on without the solution")
        self.progress = ipywidgets.HTML()
        self.notes = ipywidgets.Output()  # renders Markdown as the notebook does
        self.question = ipywidgets.HBox([self.show_it, self.not_yet])
        buttons = ipywidgets.HBox([self.check, self.hint, self.solution, self.progress])
        self.widget = ipywidgets.VBox([buttons, self.notes, self.question])

        self.check.on_click(self._check)
        self.hint.on_click(self._hint)
        self.solution.on_click(self._solution)
        self.show_it.on_click(self._solution)
        self.not_yet.on_click(self._not_yet)
        self._ask(False)
        exercise.present = self.present

    def present(self, verdict: Verdict) -> Verdict:
        """Return the verdict with this panel beneath it."""
        self._show_progress()
        return PanelVerdict(verdict.status, verdict.message, verdict.exercise, panel=self)

    def mimebundle(self) -> dict[str, Any]:
        """Return what a notebook stores to show the panel: no text, which would differ from one run to the next."""
        return {WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}}

    def progress_line(self) -> str:
        """Return this notebook's progress, such as ``●●○○ 2 of 4 passed in this notebook``."""
        passed = self.exercise.passed_so_far()
        dots = "".join("●" if name in passed else "○" for name in self.together)
        return f"{dots} {dots.count('●')} of {len(dots)} passed in this notebook"

    def _show_progress(self) -> None:
        # A screen reader says it when it changes.
        self.progress.value = f'<span role="status" style="margin-left: 0.7em">{escape(self.progress_line())}</span>'

    def _show(self, *notes: Note) -> None:
        self.notes.outputs = tuple(
            {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": note.text}} for note in notes
        )

    def _ask(self, asking: bool) -> None:
        self.question.layout.display = "" if asking else "none"

    # The buttons are never disabled: that would take the keyboard's focus away from them.

    def _check(self, _: Any) -> None:
        self.check.description = "Checking…"
        try:
            verdict = self.exercise.check_again()
            update_display(verdict._repr_mimebundle_(), raw=True, display_id=_display_id(verdict))
            self._show_progress()
        finally:
            self.check.description = "Check"

    def _hint(self, _: Any) -> None:
        self.exercise.hint()
        self._show(*self.exercise.hints_seen())

    def _solution(self, _: Any) -> None:
        note = self.exercise.solution()
        self._show(*self.exercise.hints_seen(), note)
        self._ask(not self.exercise.solution_shown)

    def _not_yet(self, _: Any) -> None:
        self.exercise.withdraw()
        self._show(*self.exercise.hints_seen())
        self._ask(False)


def _button(label: str, tooltip: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=label, tooltip=tooltip, layout=ipywidgets.Layout(width="auto"))


def _display_id(verdict: Verdict) -> str:
    return f"verdict-{verdict.exercise}"
