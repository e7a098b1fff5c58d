"""Options that several subcommands take."""

from __future__ import annotations

import os

import click


def _choose_server(ctx: click.Context, parameter: click.Parameter, server: str | None) -> None:
    # The lessons' kernels inherit the environment. The option may stand before and after the subcommand's name.
    if server is not None:
        os.environ["TUTORIAL_SERVER"] = server


server_option = click.option(
    "--server",
    type=click.Choice(("auto", "redis", "fake")),
    callback=_choose_server,
    expose_value=False,
    help="Which server the lessons get. Default: TUTORIAL_SERVER, or auto.",
)

folder_option = click.option(
    "--folder",
    metavar="PATH",
    help="The folder of your copy. Default: TUTORIAL_FOLDER, my-course in a clone, or ~/redis-pool-tutorial.",
)
