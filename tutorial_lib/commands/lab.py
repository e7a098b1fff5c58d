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
@click.pass_obj
def command(extra: Sequence[str], folder: str | None, port: int | None, no_browser: bool) -> int:
    """Open the course in JupyterLab. Ctrl-C stops it.

    An installed course is first copied to a folder of your own. A notebook there that you have changed is never
    overwritten.
    """
    from tutorial_lib.servers import choose_rung

    choose_rung(os.environ, program=None)  # says here, and not in the first cell, that TUTORIAL_SERVER is unknown
    where = course.folder(os.environ, folder)
    for line in course.prepare(course.carried(), where).lines():
        say(line)
    say(f"The course is in {where}. Ctrl-C stops JupyterLab.")
    return jupyterlab.serve(where, port=port, browser=not no_browser, extra=extra)
