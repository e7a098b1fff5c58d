"""Run somebody's code for a limited time, and end it where it does not end itself.

It runs in a thread of its own, because a notebook's button may be served by any thread, and because a signal's
alarm exists neither there nor on Windows. A thread cannot be killed. It can be handed an exception, which arrives
between two steps of Python; a wait inside C (a sleep, a lock) has to finish first. What waits for a server is freed
by closing that server.
"""

from __future__ import annotations

import contextvars
import ctypes
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import FrameType
from typing import Any

from tutorial_lib.notebook.own_line import OwnLine, from_thread, is_own

_GENTLY = 0.25  # how long to ask before insisting
_ALTOGETHER = 1.0
_STEP = 0.05


class Ended(BaseException):
    """Raised inside an answer to end it. Not an Exception, so ``except Exception`` lets it through."""


class EndedFirmly(Ended):
    """The same for an answer whose bare ``except:`` goes on: its next line raises again, outside that ``try``.

    It is created in the thread that it ends, which is the only one that can set its own trace.
    """

    def __init__(self) -> None:
        super().__init__()
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if is_own(frame.f_code.co_filename):
                frame.f_trace = _refuse
            frame = frame.f_back
        sys.settrace(_refuse)


def _refuse(frame: FrameType, event: str, _: Any) -> Any:
    if event in ("line", "call") and is_own(frame.f_code.co_filename):
        raise Ended
    return _refuse


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or the notebook's stop button, while an answer ran. In a notebook only its sentence is shown."""

    def __init__(self, stopped_at: OwnLine | None) -> None:
        super().__init__(f"You stopped your code at {stopped_at}." if stopped_at else "You stopped the check.")

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Ending:
    """How a run ended: with a value, with an error, or at the deadline.

    ``stuck_at`` is the learner's line at the deadline. ``still_running`` says that it could not be ended.
    """

    value: Any = None
    error: BaseException | None = None
    timed_out: bool = False
    stuck_at: OwnLine | None = None
    still_running: bool = False


class _Run(threading.Thread):
    """Calls a function, and keeps what it returned or raised."""

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__(name="answer", daemon=True)
        self.value: Any = None
        self.error: BaseException | None = None
        # Waited for in place of the thread itself: a Ctrl-C in join() makes Python 3.10 believe that it has ended.
        self.finished = threading.Event()
        # A notebook finds the cell that a printed line belongs to through its context.
        self._context = contextvars.copy_context()
        self._function = function

    def run(self) -> None:
        trace = sys.gettrace()
        try:
            self.value = self._context.run(self._function)
        except BaseException as error:
            sys.settrace(trace)
            self.error = error
        finally:
            self.finished.set()


def in_an_answer() -> bool:
    """True in the thread of an answer, where another check would wait for this one, and this one for it."""
    return isinstance(threading.current_thread(), _Run)


def run_with_deadline(
    function: Callable[[], Any], seconds: float, at_deadline: Callable[[], None] = lambda: None
) -> Ending:
    """Call ``function`` and return how it ended, after at most about ``seconds`` + 1.

    ``at_deadline`` is called first when time is up: there the caller closes what the answer may be waiting for.
    Ctrl-C ends the answer in the same way, and raises Interrupted.
    """
    run = _Run(function)
    try:
        run.start()
        if _wait(run, seconds):
            return Ending(run.value, run.error)
    except KeyboardInterrupt:
        raise Interrupted(_stop(run, at_deadline)) from None
    stuck_at = _stop(run, at_deadline)
    return Ending(timed_out=True, stuck_at=stuck_at, still_running=run.is_alive())


def _stop(run: _Run, first: Callable[[], None]) -> OwnLine | None:
    stuck_at = from_thread(sys._current_frames().get(run.ident or 0))
    first()
    end_threads([run])
    return stuck_at


def _wait(run: _Run, seconds: float) -> bool:
    # In short steps: on Windows a long wait would not let Ctrl-C through.
    deadline = monotonic() + seconds
    while not run.finished.is_set() and (left := deadline - monotonic()) > 0:
        run.finished.wait(min(left, 0.2))
    return run.finished.is_set()


def end_threads(threads: Iterable[threading.Thread]) -> None:
    """Make these threads end, within about a second; one that waits inside C goes on until that wait is over."""
    running = [thread for thread in threads if thread.is_alive()]
    begun = monotonic()
    with _unreported(running):
        while running and (spent := monotonic() - begun) < _ALTOGETHER:
            for thread in running:
                _raise_in(thread, Ended if spent < _GENTLY else EndedFirmly)
            for thread in running:
                thread.join(_STEP / len(running))
            running = [thread for thread in running if thread.is_alive()]


def _raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(error))


@contextmanager
def _unreported(threads: Iterable[threading.Thread]) -> Iterator[None]:
    # These end with an error because we ended them: a traceback of that on the learner's screen would puzzle.
    ours = set(threads)
    report = threading.excepthook

    def others(details: threading.ExceptHookArgs) -> None:
        if details.thread not in ours:
            report(details)

    threading.excepthook = others
    try:
        yield
    finally:
        threading.excepthook = report
