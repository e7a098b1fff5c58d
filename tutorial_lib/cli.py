"""The command ``redis-pool-tutorial``: one function for each subcommand; each imports only what it needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from tutorial_lib.errors import TutorialError

Command = Callable[[argparse.Namespace], int]

INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 a sentence on stderr says what to do, 2 wrong usage."""
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except TutorialError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone. Python would complain once more while it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(argv: list[str]) -> int:
    parser = _parser()
    # What stands after -- is JupyterLab's. Cut off by hand: Python's versions differ in what argparse makes of it.
    cut = argv.index("--") if "--" in argv else len(argv)
    options = parser.parse_args(argv[:cut])
    options.extra = argv[cut + 1 :]
    if options.extra and options.run is not lab:
        parser.error("only lab takes arguments after --")
    if "server" in options:
        os.environ["TUTORIAL_SERVER"] = options.server
    run: Command = options.run
    return run(options)


def _parser() -> argparse.ArgumentParser:
    from tutorial_lib import __version__
    from tutorial_lib.practice import commands

    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--server",
        choices=("auto", "redis", "fake"),
        # Left out rather than None, so that a subcommand does not undo what was said before it.
        default=argparse.SUPPRESS,
        help="which server the lessons get (default: TUTORIAL_SERVER, or auto)",
    )
    parser = argparse.ArgumentParser(
        prog="redis-pool-tutorial",
        description="An interactive course on connection pooling in Redis. Without a subcommand: lab.",
        parents=[shared],
    )
    parser.add_argument("--version", action="version", version=f"redis-pool-tutorial {__version__}")
    parser.set_defaults(run=lab, folder=None, port=None, browser=True)
    subcommands = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND")

    def add(name: str, run: Command, help: str) -> argparse.ArgumentParser:
        command = subcommands.add_parser(name, parents=[shared], help=help, description=run.__doc__)
        command.set_defaults(run=run)
        return command

    command = add("lab", lab, "open the course in JupyterLab (the default)")
    command.epilog = "What stands after -- is handed to JupyterLab."
    _add_folder(command)
    command.add_argument("--port", type=_port, help="JupyterLab's port, 0 for any (default: 8888 or the next free one)")
    command.add_argument(
        "--no-browser", dest="browser", action="store_false", help="print the address, open no browser"
    )

    add("greet", greet, "run the greeting program on the server you get")

    command = add("doctor", doctor, "say what is installed, what is missing and what to do")
    _add_folder(command)

    command = add("binder-link", binder_link, "print the link that opens this clone on Binder")
    command.add_argument("lesson", nargs="?", default="0", help="a lesson's number or name (default: 0)")

    commands.add_subcommands(add)
    return parser


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--folder",
        metavar="PATH",
        help="the course's folder (default: TUTORIAL_FOLDER, the clone, or ~/redis-pool-tutorial)",
    )


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 0 to 65535")
    return port


def lab(options: argparse.Namespace) -> int:
    """Open the course in JupyterLab. An installed course is first copied to a folder of your own, where nothing
    that you have changed is ever overwritten. Ctrl-C stops it."""
    from tutorial_lib import course
    from tutorial_lib import lab as jupyterlab
    from tutorial_lib.servers import choose_rung

    choose_rung(os.environ, program=None)  # an unknown TUTORIAL_SERVER is told here, not by the first cell
    folder = course.folder(os.environ, options.folder)
    for line in course.prepare(course.carried(), folder).lines():
        print(line)
    print(f"The course is in {folder}. Ctrl-C stops JupyterLab.")
    return jupyterlab.serve(folder, port=options.port, browser=options.browser, extra=options.extra)


def greet(options: argparse.Namespace) -> int:
    """Run the greeting program: with a pool of at most 3 connections, set greeting to hello, get it, print it."""
    import redis

    from tutorial_lib.errors import CannotConnect
    from tutorial_lib.servers import start_server

    with start_server() as server:
        print(server.describe(), file=sys.stderr)
        pool = redis.ConnectionPool(host=server.host, port=server.port, db=0, max_connections=3)
        try:
            r = redis.Redis(connection_pool=pool)
            r.set("greeting", "hello")
            greeting = r.get("greeting")
            assert isinstance(greeting, bytes)  # the pool does not decode, so that decoding can be shown
        except redis.RedisError as error:
            server.opened()  # If the server itself has died, this raises what happened and what to do.
            raise CannotConnect(f"The greeting program stopped with {type(error).__name__}: {error}") from error
        finally:
            pool.close()
    print(greeting.decode())
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Say which server the lessons would get and why, what is installed, what is missing and what to do about it.
    Exit code 0 when the course can run."""
    from tutorial_lib import doctor as examination

    findings = examination.examine(os.environ, options.folder)
    examination.show(findings)
    return 0 if examination.can_run(findings) else 1


def binder_link(options: argparse.Namespace) -> int:
    """Print the link that opens this clone's repository on Binder, at lesson 00 or at the lesson you name."""
    from tutorial_lib import binder

    link, note = binder.launch_link(options.lesson)
    if note:
        print(note, file=sys.stderr)
    print(link)
    return 0
