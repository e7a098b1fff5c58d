"""Progress, shown as a table on the screen and as a report in Markdown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tutorial_lib.commands.console import say
from tutorial_lib.exercises import COURSE, all_exercises
from tutorial_lib.practice.progress import Entry, Progress


def show(progress: Progress, code: str, path: Path) -> None:
    """Print the table, and the code that takes the progress elsewhere."""
    table = Table("Lesson", "Exercise", "Status", "Tries")
    for lesson in COURSE:
        for place, name in enumerate(lesson.exercises):
            first = "" if place else f"{lesson.number} {lesson.title}"
            entry = progress.entries.get(name, Entry())
            table.add_row(first, name, _status(entry), str(entry.tries or ""), end_section=name == lesson.exercises[-1])
    Console().print(table)
    say(_count(progress))
    say(f"Kept in {path}.")
    if progress.passed():
        say(f"To take it to another machine, type there: redis-pool-tutorial progress --import {code}")


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


def _count(progress: Progress) -> str:
    every = all_exercises()
    return f"{sum(name in progress.passed() for name in every)} of {len(every)} exercises passed."
