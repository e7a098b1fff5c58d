"""Judge one answer: a private server, a deadline, and nothing left behind for the next one."""

from __future__ import annotations

import inspect
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tutorial_lib.faults import FaultProxy
from tutorial_lib.notebook.own_line import from_error
from tutorial_lib.practice.deadline import Ending, in_an_answer, run_with_deadline
from tutorial_lib.practice.elsewhere import WentElsewhere, only_to
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.leftovers import among_new_objects, close_connections, end_own_threads
from tutorial_lib.practice.output import limited_output
from tutorial_lib.practice.put_back import put_back
from tutorial_lib.practice.task import Task
from tutorial_lib.practice.verdict import NotAttempted, Status, Verdict, Wrong
from tutorial_lib.servers import Server, start_private_server

_GONE = (
    "The practice server was gone afterwards: something in your code ended it, or closed its port. "
    "The next check gets a new one. Leave the server running, and close only what your code opened."
)

_REPORT = " If your code looks right to you, please report this exercise."
_LONGEST_TEXT = 500  # characters of an error's text; redis-py's own are much shorter

_one_at_a_time = threading.Lock()


def judge(task: Task, answer: Any, start: Callable[[], Server] = start_private_server) -> Verdict:
    """Run an answer against a server of its own, and say what it did. Takes at most ``task.seconds`` + 2.

    Ctrl-C ends the answer and raises Interrupted. An answer that ends the whole process (``os._exit``), or that
    never leaves a single long step inside C, cannot be survived.
    """
    unfit = _unfit(task, answer)
    if unfit:
        return unfit
    if in_an_answer():
        return _verdict(
            task, "wrong", "An exercise is checked beside a function, not inside one that is being checked."
        )
    if task.is_untouched(answer):
        return _verdict(task, "not attempted", _not_begun(task))
    with _one_at_a_time, among_new_objects(), _cleaned_up(start) as (server, proxies):
        with put_back() as replaced, limited_output() as printed, only_to(server.port) as attempts:
            lab = Lab(server, task.name, printed, attempts, proxies)
            ending = run_with_deadline(partial(task.check, answer, lab), task.seconds, lab.close)
        verdict = _weigh(task, ending, server, attempts)
        if not ending.timed_out and not _listens(server):
            verdict = _verdict(task, "wrong", _GONE)
        return _with_replaced(task, verdict, replaced)


@contextmanager
def _cleaned_up(start: Callable[[], Server]) -> Iterator[tuple[Server, list[FaultProxy]]]:
    before = set(threading.enumerate())
    server = start()
    proxies: list[FaultProxy] = []
    try:
        yield server, proxies
    finally:
        ways: list[FaultProxy | Server] = [*proxies, server]
        for way in ways:  # first, so that what waits for them is freed
            way.close()
        end_own_threads(before)
        close_connections([way.port for way in ways])


def _verdict(task: Task, status: Status, message: str) -> Verdict:
    return Verdict(status, message, task.id)


# -- answers that cannot be called as this exercise calls them


def _unfit(task: Task, answer: Any) -> Verdict | None:
    if answer is ...:
        return _verdict(task, "not attempted", _not_begun(task))
    if not callable(answer):
        return _verdict(task, "wrong", f"`check` was given {_a_value(answer)}. {_how_to_check(task)}")
    try:
        inspect.signature(answer).bind(*task.parameters)
    except TypeError:
        return _verdict(task, "wrong", f"{_called_as(task)} Yours is `{_heading(task, answer)}`.")
    except ValueError:  # a builtin that does not tell its parameters: the call itself will tell
        return None
    return None


def _a_value(answer: Any) -> str:
    if answer is None:
        return "`None`"
    kind = type(answer).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} `{kind}`"


def _how_to_check(task: Task) -> str:
    return (
        f"It calls your function itself, so give it the function, without calling it: "
        f"`.check({task.name})`, and no parentheses after `{task.name}`."
    )


def _called_as(task: Task) -> str:
    return f"This exercise calls your function as `{task.name}({', '.join(task.parameters)})`."


def _heading(task: Task, answer: Any) -> str:
    return f"{getattr(answer, '__name__', task.name)}{inspect.signature(answer)}"


def _not_begun(task: Task) -> str:
    return f"`{task.name}` is still as it came. Write it in this cell, then run the cell again."


# -- from how it ended to what is said


def _weigh(task: Task, ending: Ending, server: Server, attempts: list[WentElsewhere]) -> Verdict:
    if ending.timed_out:
        return _verdict(task, "error", _stuck(task, ending))
    error = ending.error
    if isinstance(error, NotAttempted):
        return _verdict(task, "not attempted", str(error))
    if isinstance(error, WentElsewhere) or (error and attempts and not isinstance(error, Wrong)):
        return _verdict(task, "wrong", _elsewhere(task, attempts[-1], server))
    if isinstance(error, Wrong):
        return _verdict(task, "wrong", str(error))
    if error:
        return _verdict(task, "error", _raised(error))
    return _verdict(task, "passed", ending.value or "It did what was asked.")


def _stuck(task: Task, ending: Ending) -> str:
    where = f" It was at {ending.stuck_at}." if ending.stuck_at else ""
    left = (
        " A part of it could not be ended, and goes on waiting; restarting the kernel ends that too."
        if ending.still_running
        else ""
    )
    return f"Your code was still running after {task.seconds:g} s, and was ended.{where}{left}"


def _elsewhere(task: Task, attempt: WentElsewhere, server: Server) -> str:
    given = ", ".join(f"`{name}`" for name in task.parameters)
    advice = f" Use what your function is given: {given}." if given else ""
    return (
        f"Your code tried to connect to {attempt.host}:{attempt.port}, and was stopped before it got there. "
        f"The server of this exercise is at {server.host}:{server.port}.{advice}"
    )


def _raised(error: BaseException) -> str:
    line = from_error(error)
    what = _in_one_line(error)
    if isinstance(error, SystemExit):
        what = f"{what} (`sys.exit()`, `exit()` or the like: it would end the whole program)"
    if line:
        return f"{what}\n\nIt was raised at {line}."
    return f"{what}\n\nNone of your own lines raised it: the check met it in what your function gave back.{_REPORT}"


def _in_one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    text = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …"
    kind = type(error).__name__
    return f"`{kind}: {text}`" if text else f"`{kind}`"


def _with_replaced(task: Task, verdict: Verdict, replaced: list[str]) -> Verdict:
    if not replaced:
        return verdict
    names = ", ".join(f"`{name}`" for name in replaced)
    said = f"Your code replaced {names}, which is put back now. Leave the library as it is, and call it."
    if verdict.status == "passed":
        return _verdict(task, "wrong", said)
    return _verdict(task, verdict.status, f"{verdict.message.replace(_REPORT, '')}\n\n{said}")


def _listens(server: Server) -> bool:
    try:
        socket.create_connection((server.host, server.port), timeout=1).close()
    except OSError:
        return False
    return True
