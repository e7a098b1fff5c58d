"""What a learner does with an exercise: check an answer, ask for a hint, look at the solution."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tutorial_lib.errors import BadSetting
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.standing import Standing
from tutorial_lib.practice.task import Task
from tutorial_lib.practice.verdict import Note, Verdict
from tutorial_lib.servers import private_kind

Present = Callable[[Verdict], Verdict]


class Exercise:
    """An exercise. Display it to read what it asks.

    ``check(your_function)`` says whether it does that, ``hint()`` gives one more hint each time, ``solution()``
    shows one way to do it.
    """

    def __init__(self, task: Task, standing: Standing | None = None) -> None:
        self.task = task
        self.standing = standing or Standing()
        self.solution_shown = False
        self.present: Present = lambda verdict: verdict
        self._answer: Any = ...
        self._hints_given = 0
        self._solution_announced = False

    def check(self, answer: Any = ...) -> Verdict:
        """Try your function on a server of its own, and say what it did. Pass the function itself: ``.check(f)``.

        Takes a second at most, or a little over the exercise's deadline where the function does not end.
        """
        verdict = judge(self.task, answer)
        self._answer = answer
        if verdict.status != "not attempted":
            notice = self.standing.record(self.task.id, verdict.status == "passed")
            if notice:
                verdict = replace(verdict, message=f"{verdict.message}\n\n{notice}")
        return self.present(verdict)

    def check_again(self) -> Verdict:
        """Check the function that was given last. If it has been defined again since, say so instead."""
        name = self.task.name
        if self._answer is ...:
            said = f"Write `{name}`, then run its cell: that checks it."
            return self.present(Verdict("not attempted", said, self.task.id))
        if _defined_again(self._answer):
            said = f"`{name}` has been defined again since it was checked. Run the cell that checks it once more."
            return self.present(Verdict("not attempted", said, self.task.id))
        return self.check(self._answer)

    @property
    def passed(self) -> bool:
        """True if an answer to it has passed, now or earlier."""
        return self.task.id in self.standing.passed()

    def hint(self) -> Note:
        """Return the next hint; after the last one, the last one again."""
        self._hints_given = min(self._hints_given + 1, len(self.task.hints))
        return self.hints_seen()[-1]

    def hints_seen(self) -> list[Note]:
        """Return the hints that were given so far."""
        every = enumerate(self.task.hints[: self._hints_given], start=1)
        return [Note(f"**Hint {number} of {len(self.task.hints)}.** {hint}") for number, hint in every]

    def solution(self) -> Note:
        """Return one way to do it. The first call asks whether you mean it, unless you have passed."""
        if not (self._solution_announced or self.passed):
            self._solution_announced = True
            return Note(f"{self._hints_left()} To see the whole solution, ask for it once more.")
        self.solution_shown = True
        return Note(f"One way to do it:\n\n```python\n{self.task.solution_text}\n```")

    def dashboard(self) -> Any:
        """Run the exercise's failing program on a server of its own, and return the picture of that run.

        BadSetting for an exercise that has no such program.
        """
        if not self.task.dashboard:
            raise BadSetting(f"`{self.task.id}` has no dashboard. Only exercises about a failing program have one.")
        with private_kind()() as server:
            return self.task.dashboard(self.task.program(), server)

    def withdraw(self) -> None:
        """Take back a first ``solution()``: the next one asks again."""
        self._solution_announced = self.solution_shown

    def _hints_left(self) -> str:
        left = len(self.task.hints) - self._hints_given
        if not left:
            return "You've seen every hint."
        return f"There {'is 1 hint' if left == 1 else f'are {left} hints'} that you haven't seen."

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(Note(self._repr_markdown_()))
        display(self.present(Verdict("not attempted", f"Write `{self.task.name}`, and check it.", self.task.id)))

    def __repr__(self) -> str:
        return f"{self.task.title}\n\n{self.task.prompt}"

    def _repr_markdown_(self) -> str:
        return f"### {self.task.title}\n\n{self.task.prompt}"


def _defined_again(answer: Any) -> bool:
    # A function knows the names of the cell or file it was defined in; is it still what its own name means there?
    home = sys.modules.get(getattr(answer, "__module__", ""))  # a class knows its module only
    names = getattr(answer, "__globals__", vars(home) if home else {})
    now = names.get(getattr(answer, "__name__", ""), answer)
    return callable(now) and now is not answer
