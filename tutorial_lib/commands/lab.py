"""``lab``: open the course in JupyterLab."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from tutorial_lib import course
from tutorial_lib.commands import jupyterlab
from tutorial_lib.commands.console import say
from tutorial_lib.commands.options import folder_option, server_option


@click.command(epilog="What stands after -- goes to JupyterLab: redis-pool-tutorial lab -- --debug")
@server_option
@folder_option
@click.option(
    "--port", type=click.IntRange(0, 65535), help="JupyterLab's port, 0 for any. Default: 8888 or the next free one."
)
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
@click.option("--fresh", metavar="NAME", help="Get a page anew: 02, or exercises/02. Your old one is kept beside it.")
@click.pass_obj
def command(extra: Sequence[str], folder: str | None, port: int | None, no_browser: bool, fresh: str | None) -> int:
    """Open the course in JupyterLab. Ctrl-C stops it.

    What you open is your own copy, without the answers to its questions. A page there that you have run or changed is
    never overwritten.
    """
    from tutorial_lib.servers import choose_rung

    choose_rung(os.environ, program=None)  # says here, and not in the first cell, that TUTORIAL_SERVER is unknown
    where = course.folder(os.environ, folder)
    source, page = course.carried(), course.FIRST_LESSON
    if fresh is not None:
        page, old = course.put_aside(source, where, fresh)
        say(f"You get {page} anew." + (f" Your old page is {old}, in the same folder." if old else ""))
    for line in course.prepare(source, where).lines():
        say(line)
    say(f"The course is in {where}. Ctrl-C stops JupyterLab.")
    return jupyterlab.serve(where, page, port=port, browser=not no_browser, extra=extra)
