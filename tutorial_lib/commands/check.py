"""``check``: run exercise notebooks, and print what became of each exercise as soon as it is known."""

from __future__ import annotations

import csv
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from tutorial_lib import course
from tutorial_lib.checking.folder import (
    Notebook,
    exercises_called,
    learners_in,
    learners_notebooks,
    no_notebook,
    own_notebooks,
)
from tutorial_lib.checking.limits import Limits
from tutorial_lib.checking.run import Result, run
from tutorial_lib.commands.class_table import ClassTable
from tutorial_lib.commands.console import csv_cell, harmless, say
from tutorial_lib.commands.options import folder_option, server_option
from tutorial_lib.exercises import COURSE
from tutorial_lib.practice.progress import ProgressFile, progress_path
from tutorial_lib.practice.verdict import MARKS

_OWN = Limits(notebook=180.0)  # a slow machine is more likely than a prank

_NOTHING = "No notebook with the exercises was found here."

Done = Iterable[tuple[Notebook, list[Result]]]


@click.command()
@server_option
@folder_option
@click.option("--learners", metavar="PATH", help="Check a class: a folder or a notebook for each learner is in PATH.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, a row for each exercise.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def command(folder: str | None, learners: str | None, as_csv: bool, names: tuple[str, ...]) -> int:
    """Run exercise notebooks without a browser and say which exercises pass. Exit code 0 when all of them do.

    NAME is an exercise, a lesson or a notebook; without a name, all of them are checked.

    The code in the notebooks runs on this computer, with your rights. With --learners that is other people's code: it
    gets a scratch folder as its home, none of your environment, and limits on time, memory and output, but that is no
    sandbox. A result comes from the course's own check, not from what a notebook displays. But the learner's function
    runs in the same process as the check, so a determined learner can still forge a result.
    """
    if learners is not None:
        passed = check_learners(names, learners, as_csv=as_csv)
    else:
        passed = check_own(names, folder, as_csv=as_csv)
    return 0 if passed else 1


def check_own(names: Sequence[str], folder: str | None, *, as_csv: bool) -> bool:
    """Check a learner's own notebooks, and count what passes as progress. True if every exercise passed."""
    notebooks = own_notebooks(course.folder(os.environ, folder), names)
    done = run(notebooks, exercises_called(names), _OWN, in_order=True)
    if as_csv:
        results = list(_show_csv(_with_count(done, len(notebooks))))
    else:
        results = list(_show_own(done))
        # What failed was counted when the learner ran it.
        passed = [result.exercise for result in results if result.status == "passed"]
        path = progress_path(os.environ, folder)
        if path and passed:
            ProgressFile(path).add_passed(passed)
    return all(result.status == "passed" for result in results)


def check_learners(names: Sequence[str], folder: str, *, as_csv: bool) -> bool:
    """Check the notebooks of a class. True if every exercise of every learner passed."""
    top = course.named_path(folder, "--learners")
    notebooks, wanted, people = learners_notebooks(top, names), exercises_called(names), learners_in(top)
    done = _with_the_rest(_with_count(run(notebooks, wanted), len(notebooks)), people)
    if as_csv:
        results = list(_show_csv(done))
    else:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        results = list(_show_learners(done, ClassTable(notebooks, wanted, people, columns)))
    if not results:
        raise no_notebook(top)
    return all(result.status == "passed" for result in results)


def _with_the_rest(done: Done, people: dict[str, Path]) -> Iterator[tuple[Notebook, list[Result]]]:
    """Add, at the end, a result for each learner who would be missing otherwise. Nothing if that is everybody."""
    rest = dict(people)
    for notebook, results in done:
        if results:
            rest.pop(notebook.learner, None)
        yield notebook, results
    for learner, path in rest.items() if len(rest) < len(people) else ():
        said = "This is a link, and links are not followed." if path.is_symlink() else _NOTHING
        yield Notebook(path, learner), [Result(learner, path, "", "error", said)]


def _with_count(done: Done, of: int) -> Iterator[tuple[Notebook, list[Result]]]:
    """Count the notebooks on the screen, where the results themselves go into a file."""
    counts = sys.stderr.isatty() and not sys.stdout.isatty()
    for number, one in enumerate(done, start=1):
        yield one
        if counts:
            print(f"\r{number} of {of} notebooks", end="\n" if number == of else "", file=sys.stderr, flush=True)


def _show_own(done: Done) -> Iterator[Result]:
    """Print one line for each exercise, and at the end what the first one that did not pass was told."""
    width = max(len(name) for lesson in COURSE for name in lesson.exercises)
    seen = []
    for _, results in done:
        for result in results:
            file = harmless(result.notebook.name)
            print(f"{MARKS[result.status]} {result.exercise or '-':{width}}  {result.status:13}  {file}", flush=True)
            seen.append(result)
            yield result
    failed = [result for result in seen if result.status != "passed"]
    print(f"{len(seen) - len(failed)} of {len(seen)} passed.")
    if failed:
        say(f"\n{failed[0].exercise or failed[0].notebook.name}: {failed[0].message}")


def _show_learners(done: Done, table: ClassTable) -> Iterator[Result]:
    """Print a line for each learner, and below them what the marks mean."""
    print(table.heading())
    for notebook, results in done:
        line = table.add(notebook, results)
        if line is not None:
            print(line, flush=True)
        yield from results
    for line in table.legend():
        say(line)


def _show_csv(done: Done) -> Iterator[Result]:
    """Print a heading and a row for each exercise of each learner."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["learner", "notebook", "exercise", "status", "message"])
    for _, results in done:
        for result in results:
            about = (result.learner, str(result.notebook), result.exercise, result.status, result.message)
            writer.writerow([csv_cell(text) for text in about])
        sys.stdout.flush()
        yield from results
