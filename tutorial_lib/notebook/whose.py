"""Whose code is in a file? The one answer for all that look for a line of the learner's."""

from __future__ import annotations

import asyncio.events
import os
import re
import sys
import sysconfig
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

Owner: TypeAlias = Literal[
    "learner",  # a notebook's cell, a file of theirs, what they type at a prompt
    "exercise",  # an exercise of this course, with a solution as a learner would write it
    "course",  # the rest of this package
    "redis",  # redis-py
    "installed",  # any other package, and the commands that packages install
    "python",  # the standard library
    "loop",  # what runs asyncio's tasks, and asked for nothing itself
    "generated",  # made by exec, as the methods of a dataclass are
]

_COURSE = str(Path(__file__).parents[1]) + os.sep
_FOLDERS: dict[str, Owner] = {_COURSE + "exercises" + os.sep: "exercise", _COURSE: "course"}
# Found without being imported: the command `examine` must run beside any redis-py.
if (_redis := find_spec("redis")) is not None and _redis.origin:
    _FOLDERS[str(Path(_redis.origin).parent) + os.sep] = "redis"
_PYTHON = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))
_COMMANDS = {str(Path(folder).absolute()) for folder in (sysconfig.get_path("scripts"), Path(sys.prefix) / "bin")}
_EVENT_LOOP = asyncio.events.__file__
_CELL = re.compile(r"ipykernel_\d+|^<ipython-input-")


def is_cell(filename: str) -> bool:
    """True for what IPython calls the code of a cell."""
    return _CELL.search(filename) is not None


@lru_cache(maxsize=1024)
def owner_of(filename: str) -> Owner:
    """Say whose code is in the file that a code object names."""
    if filename.startswith("<frozen "):
        return "python"
    if is_cell(filename):
        return "learner"
    if filename.startswith("<"):
        return "learner" if filename == "<stdin>" else "generated"
    path = str(Path(filename).absolute())
    if path == _EVENT_LOOP:
        return "loop"
    for folder, owner in _FOLDERS.items():
        if path.startswith(folder):
            return owner
    if package_of(path):
        return "installed"
    return "python" if path.startswith(_PYTHON) else "learner"


def package_of(filename: str) -> str:
    """Return the name of the installed package in whose folder a file is, or of the command that it is; else ""."""
    path = Path(filename).absolute()
    for folder in ("site-packages", "dist-packages"):  # Of the system, or of the user.
        if folder in path.parts[:-1]:
            return path.parts[path.parts.index(folder) + 1].removesuffix(".py")
    # What pip writes for a package's command, such as gunicorn, has no suffix.
    return path.stem if not path.suffix.startswith(".py") and str(path.parent) in _COMMANDS else ""
