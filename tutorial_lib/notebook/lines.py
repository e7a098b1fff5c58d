"""Whose line of code is this? Found quickly, for every borrow, and put into words later.

redis-py, the standard library and this package stand between the learner's line and the pool. The first frame
outside them is the learner's. Only its code and the instruction are kept (a frame would keep the learner's variables
alive); the line number is worked out when it is asked for.
"""

from __future__ import annotations

import asyncio
import linecache
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeAlias

from tutorial_lib.notebook.shell import cell_number
from tutorial_lib.notebook.whose import owner_of

BETWEEN = ("redis", "python", "course")


def is_between(filename: str) -> bool:
    """True for code between a learner's line and the pool: redis-py, the standard library and this package."""
    return owner_of(filename) in BETWEEN


@dataclass(frozen=True)
class Line:
    """A line of code: the file's or cell's name as a learner knows it, the number, the function, the text."""

    file: str
    number: int
    function: str
    text: str

    def __str__(self) -> str:
        """``cell 3, line 2, in checkout()``; at the top level of a file or cell the function is left out."""
        if not self.file:
            return "an unknown line"
        inside = f", in {self.function}()" if self.function.isidentifier() else ""
        return f"{self.file}, line {self.number}{inside}"

    @property
    def quoted(self) -> str:
        """``line 2 of your cell``, and what stands there, for use inside a sentence."""
        where = f"line {self.number} of {self.file}"
        return f"{where}, `{self.text}`" if self.text else where


Site: TypeAlias = "tuple[CodeType | Line | None, int]"
"""A place in running code: the code object and the instruction in it; or the line, where that is known already."""

UNKNOWN: Site = (None, 0)


_BETWEEN, _INSTALLED, _LEARNERS, _LOOP = range(4)
# Each file is judged once. A plain dict: Python looks up in it twice as fast as in a subclass or a cached function.
_judged: dict[str, int] = {}


def site_of(frame: FrameType | None) -> Site:
    """Find the learner's line that led to ``frame``, or an installed package's, if none of the learner's did.

    UNKNOWN if there is neither.
    """
    site, _ = _walk(frame)
    return site


Known: TypeAlias = "dict[int, dict[int, Site]]"
"""Lines of the learner's that walking has found, by the ``id`` of their code and the instruction."""

_known_at: dict[int, Known] = {}
"""Lines, by how many frames above the caller of ``site_of_caller`` they stood."""
last_found: tuple[int, Site, Known] = (1, UNKNOWN, {})
"""How far above its caller ``site_of_caller`` found a line last, that line, and what else is known there.

The cover of a pool compares that line by itself first, which is a call less for most commands.
"""
MOST_KNOWN = 10_000
"""Pieces of code, with how deep they stood, whose lines are known."""


def site_of_caller() -> Site:
    """Do as ``site_of`` does, for the code that calls this, and mostly without walking. Runs for every borrow.

    Python makes an object of each frame that is walked over, which costs a GET on loopback 3 % of its throughput. So
    the frame is looked at first that stands where the last line was found. It is the one if walking has ended there
    before, at the same instruction and the same depth. (An instruction that leads here in two ways of equal depth, one
    of them through another line of the learner's, is named for both.)
    """
    global last_found
    above, _, known = last_found
    try:
        frame = sys._getframe(1 + above)
        site = known[id(frame.f_code)][frame.f_lasti]
    except (ValueError, KeyError):  # This stack is not as deep, or another line stands there.
        site, above = _walk(sys._getframe(1))
        if above:
            _note_known(site, above)
    else:
        last_found = above, site, known
    return site


def _note_known(site: Site, above: int) -> None:
    global last_found
    if sum(map(len, _known_at.values())) >= MOST_KNOWN:
        _known_at.clear()
    known = _known_at.setdefault(above, {})
    last_found = above, site, known
    code, instruction = site
    known.setdefault(id(code), {})[instruction] = site  # This keeps the code alive, so that no other one gets its id.


def _walk(frame: FrameType | None) -> tuple[Site, int]:
    """Return what ``site_of`` does, and how far above ``frame`` that is; 0 if it is not the learner's."""
    installed, steps = UNKNOWN, 0
    while frame is not None:
        code = frame.f_code
        try:
            judged = _judged[code.co_filename]
        except KeyError:
            judged = _judged[code.co_filename] = _judge(code.co_filename)
        if judged:
            if judged == _LEARNERS:
                return (code, frame.f_lasti), steps
            if judged == _LOOP:  # Below a task there is only what runs the loop: the search ends there.
                return installed, 0
            if installed is UNKNOWN:
                installed = code, frame.f_lasti
        frame = frame.f_back
        steps += 1
    return installed, 0


def _judge(filename: str) -> int:
    owner = owner_of(filename)
    if owner in BETWEEN:
        return _BETWEEN
    return {"learner": _LEARNERS, "exercise": _LEARNERS, "loop": _LOOP}.get(owner, _INSTALLED)


def task_site(task: asyncio.Task[Any]) -> Site:
    """Return the learner's line that made a task, or its coroutine; UNKNOWN unless Python was told to keep that.

    asyncio does so in its debug mode, and Python after ``sys.set_coroutine_origin_tracking_depth``.
    """
    made_at = [(step.filename, step.lineno or 0, step.name) for step in getattr(task, "_source_traceback", None) or ()]
    coroutine_made_at = getattr(task.get_coro(), "cr_origin", None) or ()
    for filename, number, function in [*reversed(made_at), *coroutine_made_at]:
        if owner_of(filename) not in (*BETWEEN, "loop"):
            return _line(filename, number, function), 0
    return UNKNOWN


def line_of(site: Site) -> Line:
    """Put a site into words. ``str(line)`` is ready to print."""
    code, instruction = site
    if code is None:
        return Line("", 0, "", "")
    if isinstance(code, Line):
        return code
    return _line_in(code, code.co_filename, instruction)


@lru_cache(maxsize=1000)
def _line_in(code: CodeType, filename: str, instruction: int) -> Line:
    # The name of the file is given, too, because to Python the same code in two files is equal.
    return _line(filename, line_number_of(code, instruction), code.co_name)


def _line(filename: str, number: int, function: str) -> Line:
    cell = cell_number(filename)  # A notebook's cell is named by its number, a file by its last part.
    place = f"cell {cell}" if cell else Path(filename).name
    return Line(place, number, function, linecache.getline(filename, number).strip())


def line_number_of(code: CodeType, instruction: int) -> int:
    """Return the number of the line in which an instruction stands."""
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno
