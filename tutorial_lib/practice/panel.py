"""The buttons under a verdict: Check, Hint, Solution, and how far this notebook is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ipywidgets
from IPython.display import display, update_display

from tutorial_lib.practice.exercise import Exercise
from tutorial_lib.practice.standing import Standing
from tutorial_lib.practice.verdict import Note, Verdict

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
STYLE_SHEET = Path(__file__).parent / "page" / "panel.css"


@dataclass(frozen=True, repr=False)
class PanelVerdict(Verdict):
    """A verdict that shows its exercise's panel beneath itself.

    ``beside`` says what is true of the exercise beside the verdict on this answer; ``below`` is for one that passed.
    """

    panel: Panel | None = field(default=None, compare=False)
    beside: str = field(default="", compare=False)
    below: str = field(default="", compare=False)

    def _repr_markdown_(self) -> str:
        return self._card(self.beside, self.below)

    def _ipython_display_(self) -> None:
        # Two outputs: the verdict stays readable in a saved notebook, where buttons have nobody to serve them.
        # The id lets a button renew the verdict in its place.
        display(self._repr_mimebundle_(), raw=True, display_id=_display_id(self))
        if self.panel:
            display(self.panel.mimebundle(), raw=True)


class Together:
    """The panels of one notebook: what one of them learns, all of them show.

    ``renewed`` is called after each check, for what else on the page says what has passed.
    """

    def __init__(self, exercises: Sequence[str], standing: Standing, renewed: Callable[[], None]) -> None:
        self._exercises = exercises
        self._standing = standing
        self._renewed = renewed
        self._panels: list[Panel] = []

    def add(self, panel: Panel) -> None:
        """From now on, keep this panel up to date."""
        self._panels.append(panel)

    def line(self) -> str:
        """Return this notebook's progress, such as ``✓✓○○ 2 of 4 passed in this notebook``."""
        passed = self._standing.passed()
        signs = "".join("✓" if name in passed else "○" for name in self._exercises)
        return f"{signs} {signs.count('✓')} of {len(signs)} passed in this notebook"

    def renew(self, asked: Panel) -> None:
        """Bring every panel up to date; a screen reader says it of the one that was ``asked`` only."""
        line = self.line()
        for panel in self._panels:
            role = ' role="status"' if panel is asked else ""
            panel.progress.value = f'<span class="exercise-progress"{role}>{line}</span>'
        self._renewed()


class Panel:
    """One exercise's buttons. Whatever they do can be called too: ``check``, ``hint``, ``solution``.

    ``onward`` is Markdown with links to what comes after the exercise, for those who have passed. Making the panel
    attaches it to the exercise, whose verdicts show it from then on.
    """

    def __init__(self, exercise: Exercise, together: Together, onward: str = "") -> None:
        self.exercise = exercise
        self.together = together
        self.onward = onward
        together.add(self)
        self.check = _button("Check", "Check the function once more, as it was when its cell was last run")
        self.hint = _button("Hint", "One hint more each time")
        self.solution = _button("Solution", "Asks first, then shows one way to do it")
        self.show_it = _button("Show it", "Show the solution now")
        self.not_yet = _button("Not yet", "Go on without the solution")
        self.progress = ipywidgets.HTML()
        self.notes = ipywidgets.Output()  # renders Markdown as the notebook does
        self.question = ipywidgets.HBox([self.show_it, self.not_yet])
        buttons = ipywidgets.HBox([self.check, self.hint, self.solution, self.progress])
        self.widget = ipywidgets.VBox([_style(), buttons, self.notes, self.question])
        self.widget.add_class("exercise-panel")
        self.notes.add_class("exercise-notes")

        self.check.on_click(self._check)
        self.hint.on_click(self._hint)
        self.solution.on_click(self._solution)
        self.show_it.on_click(self._solution)
        self.not_yet.on_click(self._not_yet)
        self._ask(False)
        exercise.present = self.present

    def present(self, verdict: Verdict) -> Verdict:
        """Return the verdict with this panel beneath it."""
        self.together.renew(self)
        is_pass = verdict.status == "passed"
        beside = "· ✓ an earlier answer passed" if self.exercise.passed and not is_pass else ""
        below = self._after_a_pass() if is_pass else ""
        return PanelVerdict(**vars(verdict), panel=self, beside=beside, below=below)

    def _after_a_pass(self) -> str:
        why = self.exercise.task.why.strip()
        told = f"**Why this works, and what else would.** {why}" if why else ""
        return "\n\n".join(filter(None, [told, self.onward]))

    def mimebundle(self) -> dict[str, Any]:
        """Return what a notebook stores to show the panel: no text, which would differ from one run to the next."""
        return {WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}}

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


def _style() -> ipywidgets.HTML:
    """Return the style of all cards and panels on the page, in a widget that takes no room."""
    return ipywidgets.HTML(f"<style>{STYLE_SHEET.read_text('utf-8')}</style>", layout=ipywidgets.Layout(display="none"))


def _display_id(verdict: Verdict) -> str:
    return f"verdict-{verdict.exercise}"
