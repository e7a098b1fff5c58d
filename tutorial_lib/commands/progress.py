"""``progress``: which exercises a learner has passed, shown, reported, and taken to another machine."""

from __future__ import annotations

import os
import sys

import click

from tutorial_lib import course
from tutorial_lib.commands import progress_view
from tutorial_lib.commands.console import say
from tutorial_lib.commands.options import folder_option, server_option
from tutorial_lib.errors import BadSetting, CourseFolderError
from tutorial_lib.exercises import all_exercises, load_task, places
from tutorial_lib.practice import progress_code
from tutorial_lib.practice.progress import ProgressFile, progress_path


@click.command()
@server_option
@folder_option
@click.option("--export", metavar="FILE", help="Write a report in Markdown for a teacher; - prints it.")
@click.option("--import", "code", metavar="CODE", help="Add what a code from another machine says.")
@click.option("--reset", metavar="EXERCISE", help="Forget one exercise, or all.")
def command(folder: str | None, export: str | None, code: str | None, reset: str | None) -> int:
    """Show which exercises you have passed. The code at the end takes your progress to another machine."""
    if sum(option is not None for option in (export, code, reset)) > 1:
        raise click.UsageError("Give only one of --export, --import and --reset.")
    path = progress_path(os.environ, folder)
    if path is None:
        raise BadSetting("TUTORIAL_PROGRESS is off, so no progress is kept. Unset it to keep your progress.")
    file = ProgressFile(path)
    if reset is not None:
        _tell(file.reset(None if reset == "all" else [load_task(reset).id]))
    if code is not None:
        _tell(file.add_passed(progress_code.decode(code, places())))
    now = file.read()
    _tell(now.notice)
    new_code = progress_code.encode([name for name in all_exercises() if name in now.passed()], places())
    if export is not None:
        _write_report(export, progress_view.report(now, new_code))
    else:
        progress_view.show_progress(now, new_code, path)
    return 0


def _tell(notice: str) -> None:
    if notice:
        say(notice, stream=sys.stderr)


def _write_report(target: str, text: str) -> None:
    if target == "-":
        print(text, end="")
        return
    path = course.named_path(target, "--export")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CourseFolderError(
            f"The report cannot be written to {path}: {error.strerror}. Name another file with --export."
        ) from error
    say(f"Wrote {path}.")
