"""Run a learner's function for a limited time, and tell how it ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from time import monotonic
from typing import Any

from tutorial_lib import errors
from tutorial_lib.notebook.lines import Line
from tutorial_lib.practice.own_thread import OwnThread, in_own_thread
from tutorial_lib.practice.sandbox import Job, Sandbox, can_fork, in_a_sandbox

_TO_START = 20.0  # seconds for a busy machine to fork and to start a server
_STEP = 0.2  # on Windows a long wait would not let Ctrl-C through


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or the notebook's stop button, while an answer ran. In a notebook only its sentence is shown."""

    def __init__(self, stopped_at: Line | None) -> None:
        super().__init__(f"You stopped your code at {stopped_at.quoted}." if stopped_at else "You stopped the check.")

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Ending:
    """How a run ended: ``"value"``, ``"timed out"``, ``"ended"`` (its process did), or ``"broken"`` (an error of ours).

    ``value`` is what the run returned, the exit code of its process (negative for a signal), or the error's text.
    ``line`` is the learner's line at the deadline, or at the crash.
    """

    how: str
    value: Any = None
    line: Line | None = None


def in_an_answer() -> bool:
    """True where a learner's function runs: a check there would wait for this one, and this one for it."""
    return in_a_sandbox() or in_own_thread()


def run_with_deadline(job: Job, seconds: float, heard: Callable[[str, Any], None]) -> Ending:
    """Run ``job`` in a process of its own (in a thread where there is no fork), for at most ``seconds``.

    It begins its time by saying ``"ready"``. What else it says is handed to ``heard``, which is also called with
    ``("", None)`` a few times a second. Ctrl-C ends it and raises Interrupted.
    """
    place = Sandbox(job) if can_fork() else OwnThread(job)
    with closing(place):
        try:
            return _listen(place, seconds, heard)
        except KeyboardInterrupt:
            raise Interrupted(place.line()) from None


def _listen(place: Sandbox | OwnThread, seconds: float, heard: Callable[[str, Any], None]) -> Ending:
    until, ready = monotonic() + _TO_START, False
    while (now := monotonic()) < until:
        kind, content = place.hear(min(until, now + _STEP)) or ("", None)
        if kind in ("value", "broken"):
            return Ending(kind, content)
        if kind == "ended":
            return Ending("ended", content, place.line() if content and content < 0 else None)
        if kind == "failed":
            raise _failed(content)
        if kind == "ready" and not ready:
            until, ready = monotonic() + seconds, True
        heard(kind, content)
    return Ending("timed out", line=place.line())


def _failed(named: Any) -> errors.TutorialError:
    name, text = named
    kind: type[errors.TutorialError] = getattr(errors, name)
    return kind(text)
