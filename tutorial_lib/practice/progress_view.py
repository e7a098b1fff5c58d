"""Progress, shown as a table on the screen and as a report in Markdown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tutorial_lib.exercises import COURSE, all_exercises
from tutorial_lib.practice.progress import Entry, Progress


def show(progress: Progress, code: str, path: Path) -> None:
    """Print the table, and the code that takes the progress elsewhere."""
    table = Table()
    for heading in ("Lesson", "Exercise", "Status"):
        table.add_column(heading)
    for lesson in COURSE:
        for place, name in enumerate(lesson.exercises):
            first = "" if place else f"{lesson.number} {lesson.title}"
            status = _status(progress.entries.get(name))
            table.add_row(first, name, status, end_section=name == lesson.exercises[-1])
    console = Console(soft_wrap=False)
    console.print(table)
    print(_count(progress))
    print(f"Kept in {path}.")
    if progress.passed():
        print(f"To take it to another machine: redis-pool-tutorial progress --import {code}")


def report(progress: Progress, code: str) -> str:
    """Return the report, for a learner to hand to a teacher."""
    lines = [
        "# Progress in the Redis connection pool tutorial",
        "",
        f"{_count(progress)} {date.today().isoformat()}.",
        "",
        "| Lesson | Exercise | Status |",
        "|---|---|---|",
    ]
    lines += [
        f"| {lesson.number} {lesson.title} | {name} | {_status(progress.entries.get(name))} |"
        for lesson in COURSE
        for name in lesson.exercises
    ]
    return "\n".join([*lines, "", f"Code: `{code}`", ""])


def _status(entry: Entry | None) -> str:
    if entry is None or not (entry.tries or entry.passed_on):
        return "○ not attempted"
    tries = "1 try" if entry.tries == 1 else f"{entry.tries} tries"
    return f"✓ passed on {entry.passed_on}, {tries}" if entry.passed_on else f"✗ not yet, {tries}"


def _count(progress: Progress) -> str:
    every = all_exercises()
    return f"{sum(name in progress.passed() for name in every)} of {len(every)} exercises passed."
