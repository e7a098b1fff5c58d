"""Judge the functions of one notebook with the course's own checks, and tell what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tutorial_lib.exercises import load_task
from tutorial_lib.practice.exercise import Exercise
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.replaced_names import Names, listed, names_now, replaced_since
from tutorial_lib.practice.verdict import Verdict

SPARE_FOR_A_CHECK = 10.0  # what a check may take beside its answer's own time: a server starts and ends
_LONGEST_MESSAGE = 4_000  # characters

Say = Callable[[dict[str, Any]], None]
ResultRow = list[str]


class Judging:
    """What is known about the exercises that are wanted of a notebook.

    ``verdicts`` holds what an earlier run of the same notebook found out, which is not judged again.
    """

    def __init__(self, wanted: Sequence[str], verdicts: dict[str, ResultRow], say: Say) -> None:
        # The tasks are read here: what a notebook makes of the exercise that it holds does not matter.
        self._tasks = {name: load_task(name) for name in wanted}
        self._verdicts = verdicts
        self._known = frozenset(verdicts)
        self._say = say
        self._names: Names = {}

    def take_over(self) -> None:
        """From now on, ``exercise(…).check(…)`` in this process judges an answer and tells the supervisor."""

        def check(exercise: Exercise, answer: Any = ...) -> Verdict:
            return self._check(exercise.task.id, answer)

        Exercise.check = check  # type: ignore[method-assign, assignment]
        self._names = names_now()

    def lacks(self, exercise: str | None) -> bool:
        """Return whether an exercise is wanted and nothing is known about it yet."""
        return exercise in self._tasks and exercise not in self._verdicts

    def tell(self, exercise: str, status: str, message: str) -> None:
        """Tell the supervisor what became of an exercise, or of the notebook if ``exercise`` is empty."""
        self._verdicts[exercise] = [exercise, status, message[:_LONGEST_MESSAGE]]
        self._say({"verdict": self._verdicts[exercise]})

    def judge_by_name(self, functions: dict[str, Any]) -> None:
        """Judge what no cell has checked, if the notebook has a function of the right name."""
        for name, task in self._tasks.items():
            if self.lacks(name) and task.name in functions:
                self._judge(name, functions[task.name])
            elif self.lacks(name):
                self.tell(name, "not attempted", "No cell of the notebook checks it.")

    def _check(self, name: str, answer: Any) -> Verdict:
        if name not in self._tasks:
            return Verdict("not attempted", "This exercise was not asked for.", name)
        if name not in self._known:
            self._judge(name, answer)
        _, status, message = self._verdicts[name]
        return Verdict(status, message, name)  # type: ignore[arg-type]  # it was a Status

    def _judge(self, name: str, answer: Any) -> None:
        task = self._tasks[name]
        self._say({"judging": name, "seconds": task.seconds + SPARE_FOR_A_CHECK})
        replaced = replaced_since(self._names)
        verdict = judge(task, answer)
        replaced = replaced or replaced_since(self._names)
        if replaced:  # then the verdict may be anybody's
            said = f"Your notebook replaced {listed(replaced)}, so the check could not be made as it should. "
            self.tell(name, "wrong", f"{said}Leave the names of a library as they are, and call them.")
        elif (
            verdict.status == "not attempted" and not verdict.lacking
        ):  # the course's own sentence speaks of the cell in front of the learner
            then = f"{task.to_do} it in the notebook, save the notebook, and check again."
            said = f"`{task.name}` is still as it came. {then}"
            self.tell(name, "not attempted", said)
        else:
            self.tell(name, verdict.status, verdict.message)
        self._say({"judged": name})
