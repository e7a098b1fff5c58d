"""The learner's own line, found in a traceback or in a running thread, among all the lines that are not theirs."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from tutorial_lib.notebook.lines import Line
from tutorial_lib.notebook.whose import is_cell, owner_of

_THREAD = re.compile(r"^(?:Current t|T)hread 0x([0-9a-f]+)", re.MULTILINE)
_STEP = re.compile(r'^  File "(.*)", line (\d+) in ', re.MULTILINE)


def is_own(filename: str) -> bool:
    """True for the learner's cells and files; False for Python itself, installed packages and this tutorial."""
    return owner_of(filename) == "learner"


def from_error(error: BaseException) -> Line | None:
    """Return the last line of the learner's that the error passed through, or None."""
    return _last_own((frame, number) for frame, number in traceback.walk_tb(error.__traceback__))


def from_thread(frame: FrameType | None) -> Line | None:
    """Return the line of the learner's that a running thread is in, or None. Stale as soon as you have it."""
    if frame is None:  # walk_stack would take the caller's own stack
        return None
    return _last_own(reversed(list(traceback.walk_stack(frame))))


def from_caller(frame: FrameType, boundary: str) -> Line | None:
    """Return the learner's line that led to a frame of this thread, if there is one above the file ``boundary``."""
    for step, number in traceback.walk_stack(frame):
        if step.f_code.co_filename == boundary:
            break
        if is_own(step.f_code.co_filename):
            return _own_line(step.f_code.co_filename, number)
    return None


def from_coroutine(coroutine: Any) -> Line | None:
    """Return the learner's line at which a coroutine waits, or None. What it awaits may be another one of theirs."""
    steps = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        if frame is None:
            break
        steps.append((frame, frame.f_lineno))
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)
    return _last_own(steps)


def from_dump(dump: str, thread: int, boundary: str) -> Line | None:
    """Return the learner's line in what ``faulthandler`` wrote: of this thread if it is in one, or of another.

    Below a frame of the file ``boundary`` there is only who called the check.
    """
    blocks = _THREAD.split(dump)[1:]
    threads = sorted(zip(blocks[::2], blocks[1::2], strict=True), key=lambda block: int(block[0], 16) != thread)
    for _, steps in threads:
        for filename, number in _STEP.findall(steps):
            if filename == boundary:
                break
            if is_own(filename):
                return _own_line(filename, int(number))
    return None


def _last_own(steps: Iterable[tuple[FrameType, int]]) -> Line | None:
    own = [(frame.f_code.co_filename, number) for frame, number in steps if is_own(frame.f_code.co_filename)]
    if not own:
        return None
    return _own_line(*own[-1])


def _own_line(filename: str, number: int) -> Line:
    file = "your cell" if is_cell(filename) else Path(filename).name
    return Line(file, number, "", linecache.getline(filename, number).strip())
