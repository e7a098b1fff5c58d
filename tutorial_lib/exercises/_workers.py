"""Worker processes that a check forks, as a web server does that has loaded your program."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from time import monotonic, sleep
from typing import Any, NoReturn

from tutorial_lib.exercises._words import named
from tutorial_lib.notebook.own_line import from_error
from tutorial_lib.practice.elsewhere import WentElsewhere
from tutorial_lib.practice.sandbox import can_fork
from tutorial_lib.practice.verdict import NotAttempted, Wrong, shown

WITHIN = 3.0
"""Seconds that a worker has for an answer. A right one needs a few hundredths."""

_TO_END = 1.0

Functions = Mapping[str, Callable[..., Any]]


def require_fork() -> None:
    """Raise NotAttempted where no process can be forked for a check."""
    if not can_fork():
        raise NotAttempted(
            "This check forks worker processes, and only does that on Linux. There the exercise can be checked: on "
            "Binder, in WSL or in a container."
        )


class Worker:
    """A process forked from the check's own, which calls one of ``functions`` whenever it is asked."""

    def __init__(self, functions: Functions) -> None:
        self._pipe, other = Pipe()
        with warnings.catch_warnings():
            # Python warns of locks that another thread may hold; the threads here are the fallback server's.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            _work(other, functions)
        other.close()

    def tell(self, name: str, *arguments: Any) -> None:
        """Have it call a function now, while others work too."""
        with suppress(BrokenPipeError):  # it has ended, which its answer tells
            self._pipe.send((name, arguments))

    def answer(self, until: float) -> Any:
        """Return what the function returned. Wrong if it raised, or if it is ``until`` on the monotonic clock."""
        if not self._pipe.poll(max(0.0, until - monotonic())):
            raise Wrong(f"A worker process was still waiting after {WITHIN:g} s. For what, and who else reads it?")
        try:
            kind, value = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise Wrong("Your code ended a worker process, which has to go on working.") from None
        if kind == "raised":
            raise Wrong(value)
        if kind == "not attempted":
            raise NotAttempted(value)
        return value

    def ask(self, name: str, *arguments: Any) -> Any:
        """Have it call a function, and return what that returned."""
        self.tell(name, *arguments)
        return self.answer(monotonic() + WITHIN)

    def end(self) -> None:
        """Let it exit, as a worker does that is not needed any more."""
        with suppress(OSError):
            self._pipe.send(None)
        until = monotonic() + _TO_END
        with suppress(ChildProcessError):
            while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
                if monotonic() > until:
                    os.kill(self.pid, signal.SIGKILL)
                sleep(0.002)
        self._pipe.close()


@contextmanager
def workers(number: int, functions: Functions) -> Iterator[list[Worker]]:
    """Fork so many workers; they exit at the end of the block."""
    started: list[Worker] = []
    try:
        for _ in range(number):
            started.append(Worker(functions))
        yield started
    finally:
        for worker in started:
            worker.end()


def ask_all(asked: list[Worker], name: str, *arguments: Any) -> list[Any]:
    """Have all of them call a function at the same time, and return what each returned."""
    for worker in asked:
        worker.tell(name, *arguments)
    until = monotonic() + WITHIN
    return [worker.answer(until) for worker in asked]


def _work(pipe: Connection, functions: Functions) -> NoReturn:
    try:
        while order := pipe.recv():
            name, arguments = order
            pipe.send(_called(functions[name], arguments, name))
    finally:
        os._exit(0)


def _called(function: Callable[..., Any], arguments: tuple[Any, ...], name: str) -> tuple[str, Any]:
    try:
        value = function(*arguments)
    except NotAttempted as error:
        return "not attempted", str(error)
    except Wrong as error:
        return "raised", str(error)
    except WentElsewhere as error:
        return "raised", (
            f"In a worker process `{name}` tried to connect to {error}, which isn't where the exercise's server is. "
            "Which line of yours names the address?"
        )
    except BaseException as error:
        line = from_error(error)
        where = f" at {line.quoted}" if line else ""
        return "raised", f"In a worker process `{name}` raised {named(error)}{where}."
    if value is ...:
        return "not attempted", f"`{name}` still returns the `...` it came with. Put your code in its place."
    return "value", value if isinstance(value, (str, bytes, int, float, list, type(None))) else shown(value)
