"""Which line of the learner's code asked for a connection: found quickly, put into words later.

redis-py, the standard library and this package stand between the learner's line and the pool. The first frame
outside them is the learner's. Only its code and the instruction are kept (a frame would keep the learner's variables
alive); the line number is worked out when somebody asks for it.
"""

from __future__ import annotations

import asyncio.events
import linecache
import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import redis

Site = tuple[CodeType | None, int]
"""A place in running code: the code object and the instruction in it. (None, 0) where no line can be blamed."""

NOWHERE: Site = (None, 0)

_REDIS = str(Path(redis.__file__).parent) + os.sep
_OURS = str(Path(__file__).parents[1]) + os.sep
# Solutions and wrong answers stand in this package for a learner's own code, so their lines count as the learner's.
_LEARNERS = _OURS + "exercises" + os.sep
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
# Below a task there is only what runs the loop, which asked for nothing: the search ends here, without a line.
_EVENT_LOOP = asyncio.events.__file__
_SITE_PACKAGES = ("site-packages", "dist-packages")


OUTSIDE, INSIDE, REDIS = 0, 1, 2


def whose(filename: str) -> int:
    """Say whose code a file is: the learner's (OUTSIDE), redis-py's own (REDIS), or other code in between (INSIDE)."""
    if filename.startswith(_REDIS):
        return REDIS
    if filename == _EVENT_LOOP:
        return OUTSIDE
    if filename.startswith(_OURS):
        return OUTSIDE if filename.startswith(_LEARNERS) else INSIDE
    in_site_packages = any(name in filename for name in _SITE_PACKAGES)
    is_standard = filename.startswith(("<frozen ", _STANDARD_LIBRARY)) and not in_site_packages
    return INSIDE if is_standard else OUTSIDE


# Each file is judged once. A plain dict: Python looks up in it twice as fast as in a subclass of dict.
_whose: dict[str, int] = {}
_getframe = sys._getframe


def caller_site() -> Site:
    """Find the learner's line that led to our caller; NOWHERE if none did. Runs for every borrow: each step counts."""
    while True:
        try:
            # Under client.get() redis-py fills the three frames below this one: looking here first saves two steps.
            frame: Any = _getframe(4)
            if _whose[frame.f_code.co_filename] != REDIS:
                frame = _getframe(2)
            while _whose[frame.f_code.co_filename]:
                frame = frame.f_back
            return frame.f_code, frame.f_lasti
        except KeyError as unknown:
            _whose[unknown.args[0]] = whose(unknown.args[0])
        except (ValueError, AttributeError):  # The stack is not so deep, or it ends.
            return _search(_getframe(1).f_back)


def _search(frame: FrameType | None) -> Site:
    while frame is not None:
        if whose(frame.f_code.co_filename) == OUTSIDE:
            return frame.f_code, frame.f_lasti
        frame = frame.f_back
    return NOWHERE


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


def line_of(site: Site) -> Line:
    """Put a site into words. ``str(line)`` is ready to print."""
    code, instruction = site
    if code is None or code.co_filename == _EVENT_LOOP:
        return Line("", 0, "", "")
    number = _line_number(code, instruction)
    text = linecache.getline(code.co_filename, number).strip()
    return Line(_short_name(code.co_filename), number, code.co_name, text)


def _line_number(code: CodeType, instruction: int) -> int:
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno


def _short_name(filename: str) -> str:
    """Name a notebook's cell by its number, as JupyterLab shows it, and a file by its last part."""
    cell = _cell_number(filename)
    return f"cell {cell}" if cell else Path(filename).name


def _cell_number(filename: str) -> str:
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    # IPython's public name for a cell's code is ("Cell", "In[3]").
    named = shell.compile.format_code_name(filename) if shell else None
    return named[1].removeprefix("In[").removesuffix("]") if named else ""
