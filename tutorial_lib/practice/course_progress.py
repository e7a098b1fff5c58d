"""How far a learner is in the whole course: a bar to look at, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from tutorial_lib.practice.lesson import Lesson
from tutorial_lib.practice.notebook import anchor
from tutorial_lib.words import counted

DISPLAY_ID = "course-progress"
# A built notebook keeps no output under this type: how far somebody is is no part of the course.
PROGRESS_MIME = "application/vnd.redis-pool-tutorial.progress+json"
_STYLE = (Path(__file__).parent / "page" / "course_progress.css").read_text("utf-8")


@dataclass(frozen=True)
class CourseProgress:
    """How many exercises of each lesson have passed, and which one comes next.

    Displayed in a notebook it follows: it is renewed as soon as an exercise passes there.
    """

    lessons: tuple[Lesson, ...]
    passed: Set[str]
    title_of: Callable[[str], str] = field(default=str, compare=False)
    """What an exercise is called in its notebook."""

    def done(self, lesson: Lesson) -> int:
        """Return how many exercises of a lesson have passed."""
        return sum(name in self.passed for name in lesson.exercises)

    @property
    def next(self) -> tuple[Lesson, str] | None:
        """The next exercise and its lesson: the first after the last one that passed, so that you may skip some.

        Where nothing follows, the first that was skipped; None where every exercise has passed.
        """
        every = [(lesson, name) for lesson in self.lessons for name in lesson.exercises]
        last = max((place for place, (_, name) in enumerate(every) if name in self.passed), default=-1)
        return next((one for one in [*every[last + 1 :], *every[: last + 1]] if one[1] not in self.passed), None)

    def totals(self) -> tuple[int, int]:
        """Return how many exercises have passed, and how many there are."""
        return sum(map(self.done, self.lessons)), sum(len(lesson.exercises) for lesson in self.lessons)

    def count(self) -> str:
        """Say how many exercises have passed, such as ``5 of 34 exercises passed``."""
        done, total = self.totals()
        return f"{done} of {counted(total, 'exercise')} passed"

    def __repr__(self) -> str:
        return f"{self.count()}. {self.coming()}"

    def coming(self) -> str:
        """Say what comes next, in a sentence."""
        if self.next is None:
            return "You have passed every exercise."
        lesson, name = self.next
        return f"Next: {self.title_of(name)} ({name}), lesson {lesson.number} {lesson.title.rstrip('?')}."

    def _repr_html_(self) -> str:
        parts = " ".join(map(self._part, self.lessons))
        return (
            f'<style>{_STYLE}</style><div class="course-progress">'
            f'<p><b>{self.count()}.</b> {self._coming_in_html()}</p><p role="list">{parts}</p></div>'
        )

    def _part(self, lesson: Lesson) -> str:
        """Return one lesson's part of the bar: a box for each exercise, filled where it has passed."""
        done, total = self.done(lesson), len(lesson.exercises)
        said = f"Lesson {lesson.number}, {lesson.title}: {done} of {total} passed"
        boxes = "".join(f"<i{' class=done' if name in self.passed else ''}></i>" for name in lesson.exercises)
        label = f"{lesson.number}{'✓' if done == total else ''}"
        return (
            f'<span role="listitem"><a href="{escape(lesson.exercise_page)}" '
            f'title="{escape(said)}" aria-label="{escape(said)}"><span>{boxes}</span>{label}</a></span>'
        )

    def _coming_in_html(self) -> str:
        if self.next is None:
            return self.coming()
        lesson, name = self.next
        title = self.title_of(name)
        exercise = f"{lesson.exercise_page}#{anchor(lesson.exercises.index(name) + 1, title)}"
        return (
            f'Next: <a href="{escape(exercise)}">{escape(title)}</a>, '
            f'lesson <a href="{escape(lesson.page)}">{lesson.number} {escape(lesson.title)}</a>'
        )

    def mimebundle(self) -> dict[str, Any]:
        """Return what a notebook stores to show it."""
        passed = [name for lesson in self.lessons for name in lesson.exercises if name in self.passed]
        return {"text/plain": repr(self), "text/html": self._repr_html_(), PROGRESS_MIME: {"passed": passed}}

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.mimebundle(), raw=True, display_id=DISPLAY_ID)

    def renew(self) -> None:
        """Show this in the place of each one that the notebook shows already."""
        from IPython.display import update_display

        update_display(self.mimebundle(), raw=True, display_id=DISPLAY_ID)
