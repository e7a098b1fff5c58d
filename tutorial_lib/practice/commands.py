"""The subcommands about exercises: progress and check."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tutorial_lib.errors import BadSetting, CourseFolderError

Command = Callable[[argparse.Namespace], int]
Add = Callable[[str, Command, str], argparse.ArgumentParser]


def add_subcommands(add: Add) -> None:
    """Add them to the command line. ``add`` makes a subcommand of a name, the function that it runs, and its help."""
    command = add("progress", progress, "show which exercises you have passed")
    _add_folder(command)
    what = command.add_mutually_exclusive_group()
    what.add_argument("--export", metavar="FILE", help="write a report in Markdown, for a teacher (-: on the screen)")
    what.add_argument("--import", dest="code", metavar="CODE", help="take over what a code from elsewhere says")
    what.add_argument("--reset", metavar="EXERCISE", help="forget one exercise, or all")

    command = add("check", check, "run your exercise notebooks and say which exercises pass")
    command.add_argument("names", nargs="*", metavar="NAME", help="an exercise, a lesson or a notebook (default: all)")
    _add_folder(command)
    command.add_argument("--learners", metavar="PATH", help="a folder with a folder or a notebook of each learner")
    command.add_argument("--csv", action="store_true", help="print comma-separated values instead of a table")


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("--folder", metavar="PATH", help="the course's folder (default: as for lab)")


def progress(options: argparse.Namespace) -> int:
    """Show which exercises you have passed. A code at the end takes your progress to another machine."""
    from tutorial_lib.exercises import all_exercises, load_task, places
    from tutorial_lib.practice import progress_code, progress_view
    from tutorial_lib.practice.progress import ProgressFile, progress_path

    path = progress_path(os.environ, options.folder)
    if path is None:
        raise BadSetting("TUTORIAL_PROGRESS is off, so no progress is kept. Unset it.")
    file = ProgressFile(path)
    if options.reset is not None:
        names = None if options.reset == "all" else [load_task(options.reset).id]
        _tell(file.reset(names))
    if options.code is not None:
        _tell(file.add_passed(progress_code.decode(options.code, places())))
    now = file.read()
    _tell(now.notice)
    known = [name for name in all_exercises() if name in now.passed()]
    code = progress_code.encode(known, places())
    if options.export is not None:
        _write_report(options.export, progress_view.report(now, code))
    else:
        progress_view.show(now, code, path)
    return 0


def _tell(notice: str) -> None:
    if notice:
        print(notice, file=sys.stderr)


def _write_report(target: str, text: str) -> None:
    if target == "-":
        print(text, end="")
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CourseFolderError(f"The report cannot be written to {target}: {error.strerror}.") from error
    print(f"Wrote {target}.")


def check(options: argparse.Namespace) -> int:
    """Run exercise notebooks without a browser and say which exercises pass. Exit code 0 when all of them do.

    The learners' code runs on this machine with your rights: it gets a scratch folder as its home, none of your
    environment, and limits on time, memory and output, but it is not locked in. A verdict is the checker's own, and
    what a notebook prints or has stored does not count; somebody determined can still deceive a judge that runs in
    the same process as their code, so look into a notebook before a result decides anything.
    """
    from tutorial_lib.commands import check as command
    from tutorial_lib.commands.console import make_safe

    make_safe()
    if options.learners is not None:
        passed = command.check_learners(options.names, options.learners, as_csv=options.csv)
    else:
        passed = command.check_own(options.names, options.folder, as_csv=options.csv)
    return 0 if passed else 1
