"""Progress, shown as a table and a bar on the screen, and as a report in Markdown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tutorial_lib.commands.console import say
from tutorial_lib.exercises import COURSE, load_task
from tutorial_lib.practice.course_progress import CourseProgress
from tutorial_lib.practice.progress import Entry, Progress

_BAR = 40  # signs


def show_progress(progress: Progress, code: str, path: Path) -> None:
    """Print the table, the bar, what comes next, and the code that takes the progress elsewhere.

    On a terminal in colour, unless NO_COLOR is set.
    """
    course = CourseProgress(COURSE, progress.passed(), lambda name: load_task(name).title)
    console = Console(highlight=False)
    console.print(_table(progress))
    console.print(_bar(course))
    say(course.coming())
    say(f"Kept in {path}.")
    if progress.passed():
        say(f"To take it to another machine, type there: redis-pool-tutorial progress --import {code}")


def _table(progress: Progress) -> Table:
    table = Table("Lesson", "Exercise", "Status", "Tries")
    for lesson in COURSE:
        entries = [progress.entries.get(name, Entry()) for name in lesson.exercises]
        status = Text("\n").join(Text(_status(entry), _colour(entry)) for entry in entries)
        tries = "\n".join(str(entry.tries or "") for entry in entries)
        title = f"{lesson.number} {lesson.title}"
        table.add_row(title, "\n".join(lesson.exercises), status, tries, end_section=True)
    return table


def _bar(course: CourseProgress) -> Text:
    """Return one line: a bar, told apart by its signs where there is no colour, and how many have passed."""
    done, total = course.totals()
    filled = max(done * _BAR // total, min(done, 1))  # The first one shows, however many there are.
    return Text.assemble(("█" * filled, "green"), "░" * (_BAR - filled), f" {course.count()}.")


def report(progress: Progress, code: str) -> str:
    """Return the report that a learner gives to a teacher."""
    lines = [
        "# Progress in the Redis connection pool tutorial",
        "",
        f"{_count(progress)} {date.today().isoformat()}.",
        "",
        "| Lesson | Exercise | Status | Tries | Passed on |",
        "|---|---|---|---|---|",
    ]
    for lesson in COURSE:
        for name in lesson.exercises:
            entry = progress.entries.get(name, Entry())
            cells = (f"{lesson.number} {lesson.title}", name, _status(entry), entry.tries or "", entry.passed_on or "")
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, "", f"Code: `{code}`", ""])


def _status(entry: Entry) -> str:
    if entry.passed_on:
        return "✓ passed"
    return "✗ not yet" if entry.tries else "○ not attempted"


def _colour(entry: Entry) -> str:
    if entry.passed_on:
        return "green"
    return "yellow" if entry.tries else ""


def _count(progress: Progress) -> str:
    return f"{CourseProgress(COURSE, progress.passed()).count()}."
