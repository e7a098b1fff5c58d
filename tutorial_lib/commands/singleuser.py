"""``singleuser``: open the course for one user of a JupyterHub."""

from __future__ import annotations

import os

import click

from tutorial_lib import course
from tutorial_lib.commands import jupyterlab
from tutorial_lib.commands.options import folder_option, server_option


@click.command(context_settings={"ignore_unknown_options": True})
@server_option
@folder_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(folder: str | None, arguments: tuple[str, ...]) -> int:
    """Serve the course to one user of a JupyterHub, which starts this itself.

    In jupyterhub_config.py: c.Spawner.cmd = ["redis-pool-tutorial", "singleuser"]

    It does what lab does on a laptop: the user gets a copy of their own, without outputs. ARGUMENTS are the hub's.
    """
    # Never my-course in a clone, as on a laptop: a hub has one clone for all users, and each works in a copy at home.
    where = course.folder(os.environ, folder or os.environ.get("TUTORIAL_FOLDER") or course.AT_HOME)
    course.prepare(course.carried(), where)
    return jupyterlab.serve_user(where, course.FIRST_LESSON, extra=arguments)
