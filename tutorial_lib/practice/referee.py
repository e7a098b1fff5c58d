"""Judge one answer: a private server, a deadline, and nothing left behind for the next one."""

from __future__ import annotations

import encodings.idna  # noqa: F401  # Where a name is looked up it is needed: once here, and not in each forked process.
import errno
import inspect
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

from tutorial_lib.errors import ServerNotFound
from tutorial_lib.notebook.lines import Line
from tutorial_lib.notebook.own_line import from_error
from tutorial_lib.notebook.shell import in_notebook
from tutorial_lib.practice.deadline import Ending, in_an_answer, run_with_deadline
from tutorial_lib.practice.elsewhere import WentElsewhere, only_to
from tutorial_lib.practice.given import Given, noted, raised_in_redis_py
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.output import limited_output
from tutorial_lib.practice.replaced_names import listed, names_now, restore_names
from tutorial_lib.practice.sandbox import UNHEARD, Tell
from tutorial_lib.practice.screen import Screen
from tutorial_lib.practice.task import Task
from tutorial_lib.practice.verdict import Lacking, NotAttempted, Status, Verdict, Wrong, named_type, try_again
from tutorial_lib.servers import Server, private_kind
from tutorial_lib.servers.private_process import program_for

_GONE = (
    "The practice server was gone afterwards: something in your code ended it, or closed its port. "
    "The next check gets a new one. Leave the server running, and close only what your code opened."
)

_INSIDE = "`check` was called inside a function that is being checked itself. Call it outside of that function."

_LONGEST_TEXT = 500  # characters of an error's text; redis-py's own are much shorter

_one_at_a_time = threading.Lock()


def judge(task: Task, answer: Any, start: Callable[[], Server] | None = None) -> Verdict:
    """Run an answer against a server of its own, and say what it did. Takes at most ``task.seconds`` + 2.

    The answer runs in a process of its own (in a thread where there is no fork), so whatever it does, the notebook
    and the next check are as before. Ctrl-C ends it and raises Interrupted.
    """
    unfit = _unfit(task, answer)
    if unfit:
        return unfit
    if in_an_answer():
        return _verdict(task, "wrong", _INSIDE)
    if task.is_untouched(answer):
        return _verdict(task, "not attempted", _not_begun(task))
    if lacking := _lacking(task):
        return _verdict(task, "not attempted", lacking, True)
    # The server's class is imported here, once, and not in each forked process.
    trial = _Trial(task, answer, start or private_kind())
    with _one_at_a_time, closing(trial), Screen(f"Checking `{task.name}`") as screen:
        ending = run_with_deadline(trial.run, task.seconds, screen.show)
    if ending.how == "value":
        return _verdict(task, *ending.value)
    said = {"timed out": _stuck, "ended": _ended, "broken": _broken}[ending.how]
    return _verdict(task, "error", said(task, ending))


class _Trial:
    """One check of one answer: what the process of its own does."""

    def __init__(self, task: Task, answer: Any, start: Callable[[], Server]) -> None:
        self._task = task
        self._answer = answer
        self._start = start
        self._lab: Lab | None = None

    def run(self, say: Tell) -> tuple[Status, str, bool]:
        server = self._start()
        with limited_output(say) as printed, only_to(server.port) as attempts, noted(__file__) as given:
            self._lab = Lab(server, self._task.name, printed, attempts, partial(say, "doing"))
            before = names_now()
            say("ready", None)
            try:
                praise, error = self._task.check(self._answer, self._lab), None
            except BaseException as raised:
                praise, error = None, raised
            say("judging", None)
            replaced = restore_names(before)
            status, message = _weigh(self._task, praise, error, server, attempts, given)
        if not _listens(server):
            status, message = "wrong", _GONE
        return *_with_replaced(status, message, replaced), isinstance(error, Lacking)

    def close(self) -> None:
        """Close what a thread of this process has opened; a process of its own takes it along."""
        if self._lab:
            self._lab.close()


def _verdict(task: Task, status: Status, message: str, lacking: bool = False) -> Verdict:
    return Verdict(status, message, task.id, lacking)


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


def _lacking(task: Task) -> str:
    """Say what this machine would need for this exercise. Empty if it has it."""
    if task.needs_redis_server:
        try:
            program_for("This exercise")
        except ServerNotFound as error:
            return str(error)
    return ""


def _a_value(answer: Any) -> str:
    return "`None`" if answer is None else named_type(answer)


def _how_to_check(task: Task) -> str:
    return (
        f"It calls your {task.kind} itself, so give it the {task.kind}, without calling it: "
        f"`.check({task.name})`, and no parentheses after `{task.name}`."
    )


def _called_as(task: Task) -> str:
    return f"This exercise calls your {task.kind} as `{task.name}({', '.join(task.parameters)})`."


def _heading(task: Task, answer: Any) -> str:
    return f"{getattr(answer, '__name__', task.name)}{inspect.signature(answer)}"


def _not_begun(task: Task) -> str:
    where = " in this cell" if in_notebook() else ""
    return f"`{task.name}` is still as it came. {task.to_do} it{where}, then {try_again()}."


# -- from how it ended to what is said


def _weigh(
    task: Task,
    praise: str | None,
    error: BaseException | None,
    server: Server,
    attempts: list[WentElsewhere],
    given: Given,
) -> tuple[Status, str]:
    if isinstance(error, NotAttempted):
        return "not attempted", str(error)
    if isinstance(error, WentElsewhere) or (error and attempts and not isinstance(error, Wrong)):
        return "wrong", given.unfit() or _elsewhere(task, attempts[-1], server)
    if isinstance(error, Wrong):
        return "wrong", " ".join(filter(None, [str(error), given.ignored()]))
    if error and _is_of_the_starter(error):
        return "not attempted", _still_dots(from_error(error))
    if error and given.met(error) and given.unfit():
        return "wrong", f"{given.unfit()} It met that with {_in_one_line(error)}."
    if error:
        return "error", _raised(error, given)
    return "passed", praise or "It did what was asked."


def _is_of_the_starter(error: BaseException) -> bool:
    return isinstance(error, (AttributeError, TypeError)) and "'ellipsis'" in str(error)


def _still_dots(line: Line | None) -> str:
    where = f", which {line.quoted} then used" if line else ""
    return f"Your code still has a `...` in it{where}. Put your own code in its place, and {try_again()}."


def _stuck(task: Task, ending: Ending) -> str:
    where = f" It was at {ending.line.quoted}." if ending.line else ""
    return f"Your code was still running after {task.seconds:g} s, and was ended.{where}"


def _ended(task: Task, ending: Ending) -> str:
    code = ending.value
    if code is None or code == UNHEARD:
        how = "Your code closed files that it did not open, and the check could not go on."
    elif code >= 0:
        how = f"Your code ended Python itself, with exit code {code}."
    else:
        how = f"Your code ended Python itself, with the signal {_signal_name(-code)}."
    where = f" It was at {ending.line.quoted}." if ending.line else ""
    kept = "this notebook and its variables are as they were" if in_notebook() else "nothing else has ended with it"
    return f"{how}{where} It ran in a process of its own, so {kept}."


def _broken(task: Task, ending: Ending) -> str:
    return f"The check of `{task.name}` itself failed, so there is no verdict: `{ending.value}`. Check it once more."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _elsewhere(task: Task, attempt: WentElsewhere, server: Server) -> str:
    given = ", ".join(f"`{name}`" for name in task.parameters)
    advice = f" Use what your function is given: {given}." if given else ""
    return (
        f"Your code tried to connect to {attempt}, and was stopped before it got there. "
        f"The server of this exercise is at {server.host}:{server.port}.{advice}"
    )


def _raised(error: BaseException, given: Given) -> str:
    what = _in_one_line(error)
    if isinstance(error, SystemExit):
        what = f"{what} (`sys.exit()`, `exit()` or the like: it would end the whole program)"
    line = from_error(error)
    if line:
        return f"{what}\n\nIt was raised at {line.quoted}."
    built = given.last_line()
    if built and raised_in_redis_py(error):
        return f"{what}\n\nredis-py raised it while it used what {built.quoted} built. What was it given there?"
    place = " in a cell" if in_notebook() else ""
    return f"{what}\n\nIt was raised while the check used what your function returned. Try that yourself{place}."


def _in_one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    text = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …"
    kind = type(error).__name__
    return f"`{kind}: {text}`" if text else f"`{kind}`"


def _with_replaced(status: Status, message: str, names: list[str]) -> tuple[Status, str]:
    if not names:
        return status, message
    said = f"Your code replaced {listed(names)}. Leave the names of a library as they are, and call them."
    if status == "passed":
        return "wrong", said
    return status, f"{message}\n\n{said}"


def _listens(server: Server) -> bool:
    try:
        socket.create_connection((server.host, server.port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    except OSError as error:  # without a descriptor left to ask with, nothing can be said against the server
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return True
