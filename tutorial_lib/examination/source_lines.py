"""Which line of the user's was it? The one outside redis-py; of the user's own files, where there is one."""

from __future__ import annotations

import asyncio
import linecache
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from tutorial_lib.examination.evidence import MOST_LINES, SourceLine
from tutorial_lib.examination.hidden import in_code
from tutorial_lib.notebook.lines import UNKNOWN, Line, Site, is_between, line_number_of, line_of, site_of
from tutorial_lib.notebook.whose import is_cell, package_of

MOST_SITES = 10 * MOST_LINES
"""Places in the code that are told apart in a process, some 5 MB: a line may have several."""
ELSEWHERE = SourceLine(text="more lines than are told apart")


class Origins:
    """Which line led to redis-py, also where redis-py's coroutine is a task itself: ``gather(r.get("a"), r.get("b"))``.

    Such a task has no line of the user's on its stack. So the line is noted when the coroutine is made.
    """

    def __init__(self) -> None:
        self._made_at: WeakKeyDictionary[Any, Site] = WeakKeyDictionary()

    def note(self, coroutine: Any, frame: FrameType) -> None:
        """Note that ``frame`` asked for this coroutine."""
        self._made_at[coroutine] = site_of(frame)

    def site_of(self, frame: FrameType | None) -> Site:
        """Return the user's line that led to ``frame``, or to the task that runs now."""
        site = site_of(frame)
        if site is not UNKNOWN:
            return site
        try:
            task = asyncio.current_task()
        except RuntimeError:  # No event loop runs in this thread.
            return UNKNOWN
        return self.of(task) if task else UNKNOWN

    def of(self, task: asyncio.Task[Any]) -> Site:
        """Return the line that made a task's coroutine, if that is redis-py's; else UNKNOWN."""
        return self._made_at.get(task.get_coro(), UNKNOWN)


class SourceLines:
    """Sites put into words, each once: that takes time, and a process asks for the same few again and again."""

    def __init__(self) -> None:
        # By the id of the code, which is kept alive here: Python hashes a code object anew each time, and that takes
        # 0.7 ms for a function of a thousand lines.
        self._known: dict[tuple[int, int], tuple[Site, SourceLine]] = {}

    def of(self, site: Site) -> SourceLine:
        """Return the line of a site; ELSEWHERE for those beyond what is kept."""
        key = id(site[0]), site[1]
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_SITES:
                return ELSEWHERE
            known = self._known[key] = site, source_line_of(site)
        return known[1]


def package_at(frame: FrameType | None) -> str:
    """Return the installed package that called redis-py, or "" where the user's own code did."""
    while frame is not None and is_between(frame.f_code.co_filename):
        frame = frame.f_back
    return package_of(frame.f_code.co_filename) if frame is not None else ""


def source_line_of(site: Site) -> SourceLine:
    """Put a site into words, with the whole path of its file."""
    code, instruction = site
    if code is None:
        return SourceLine()
    if isinstance(code, Line):
        return SourceLine(code.file, code.number, code.function, in_code(code.text))
    number = line_number_of(code, instruction)
    file = line_of(site).file if is_cell(code.co_filename) else code.co_filename
    text = in_code(linecache.getline(code.co_filename, number).strip())
    return SourceLine(file, number, code.co_name, text, package_of(code.co_filename))
