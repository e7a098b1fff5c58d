"""What a forked process does first, so that the notebook it came from never hears of it."""

from __future__ import annotations

import builtins
import gc
import getpass
import os
import signal
import sys
from typing import Any, NoReturn

from tutorial_lib.notebook.shell import in_notebook, running_shell


def leave_the_notebook() -> None:
    """Let go of the notebook in this process, which was forked from it: its sockets, its display, its keyboard."""
    gc.freeze()  # whatever the notebook has thrown away is the notebook's to finish, not ours
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.set_wakeup_fd(-1)  # it would wake the notebook's event loop
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123
    builtins.input = getpass.getpass = _nobody_to_ask
    shell = running_shell()
    if shell is not None:
        shell.display_pub.publish = _print_text
        if in_notebook():
            shell.kernel.session.send = _say_nothing


def _nobody_to_ask(prompt: object = "", stream: object = None) -> NoReturn:
    raise EOFError("Nobody can answer `input()` here: the check calls your function. Take the value as a parameter.")


def _print_text(data: dict[str, Any], *_: object, **__: object) -> None:
    print(data.get("text/plain", ""))


def _say_nothing(*_: object, **__: object) -> None:
    """Widgets and other messages of the answer go nowhere: their sockets belong to the notebook."""
