"""The command ``redis-pool-tutorial``: which subcommands there are, and what becomes of an error.

Each subcommand is a module of its own, imported when it is run, so that ``--help`` is instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from tutorial_lib import __version__
from tutorial_lib.commands.console import make_safe, say
from tutorial_lib.commands.options import server_option
from tutorial_lib.errors import TutorialError

PROGRAM = "redis-pool-tutorial"
INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended

# In the order of the help.
FOR_LEARNERS = {
    "lab": "Open the course in JupyterLab (the default).",
    "greet": "Run the smallest program that uses a pool.",
    "check": "Run your exercise notebooks and say which exercises pass.",
    "progress": "Show which exercises you have passed.",
    "examine": "Run your own program and say what its pools went through.",
    "doctor": "Say what is installed, what is missing and what to do.",
}
FOR_OTHERS = ("binder-link", "singleuser")


class Subcommands(click.Group):
    """Finds a subcommand in the module of its name. The help lists a learner's only, and imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(FOR_LEARNERS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in FOR_LEARNERS and cmd_name not in FOR_OTHERS:
            return None
        found: click.Command = import_module(f"tutorial_lib.commands.{cmd_name.replace('-', '_')}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(FOR_LEARNERS.items()))


@click.group(
    cls=Subcommands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"{PROGRAM} COMMAND --help says more about one command.",
)
@server_option
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def commands(ctx: click.Context) -> int:
    """An interactive course on connection pooling in Redis. Without a command, lab opens it."""
    if ctx.obj and ctx.invoked_subcommand not in (None, "lab"):
        raise click.UsageError("Only lab takes arguments after --.", ctx)
    if ctx.invoked_subcommand is None:
        from tutorial_lib.commands import lab

        code: int = ctx.invoke(lab.command)
        return code
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 a sentence on stderr says what to do, 2 wrong usage."""
    make_safe()
    words = list(sys.argv[1:] if argv is None else argv)
    # What stands after -- is JupyterLab's. Click would hand it to any subcommand, mixed with the subcommand's own.
    # A program that is examined gets its own.
    cut = words.index("--") if "--" in words and words[0] != "examine" else len(words)
    try:
        code: int = commands.main(words[:cut], PROGRAM, standalone_mode=False, obj=words[cut + 1 :])
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TutorialError as error:
        say(str(error), stream=sys.stderr)
        return 1
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # The program that read our output has ended. Python would complain once more while it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a full disk, a folder that was deleted meanwhile: nothing that a traceback would help
        what = f"{error.strerror or error}: {error.filename}" if error.filename else f"{error.strerror or error}"
        say(f"The system refused what the command asked for ({what}).", stream=sys.stderr)
        return 1
    return code
