"""A picture of the code that judges, to see afterwards whether a notebook has replaced a part of it."""

from __future__ import annotations

import builtins
import json
import queue
import socket
import sys
import threading
import time
from types import FunctionType, ModuleType
from typing import Any

_WATCHED = (builtins, json, queue, socket, threading, time)
_PACKAGES = ("redis", "tutorial_lib")
_MOST_NAMED = 3

# What stands under a name: the object, and for a function also what it is made of.
Seen = tuple[Any, ...]


class Picture:
    """What the judging code looked like when the picture was taken.

    It holds functions, classes and constants of redis-py, of this course and of a few modules that both rely on. It
    does not see changes inside an object, such as an entry in a dictionary.
    """

    def __init__(self) -> None:
        self._owners = list(_owners())
        self._before = [_look(owner) for owner in self._owners]

    def replaced(self) -> list[str]:
        """Return the names that stand for something else by now, such as ``redis.ConnectionPool``."""
        found = []
        for owner, before in zip(self._owners, self._before, strict=True):
            now = _look(owner, before)
            place = owner.__name__ if isinstance(owner, ModuleType) else f"{owner.__module__}.{owner.__qualname__}"
            found += [f"{place}.{name}" for name, seen in before.items() if not _same(seen, now.get(name, ()))]
        return found


def sentence(replaced: list[str]) -> str:
    """Return what a learner is told about the names."""
    names = ", ".join(f"`{name}`" for name in replaced[:_MOST_NAMED])
    more = f" and {len(replaced) - _MOST_NAMED} more" if len(replaced) > _MOST_NAMED else ""
    return (
        f"Your notebook replaced {names}{more}, so the check could not be made as it should. "
        "Leave the libraries as they are, and call them."
    )


def _owners() -> Any:
    modules = [*_WATCHED, *(module for name, module in sys.modules.items() if name.split(".")[0] in _PACKAGES)]
    for module in modules:
        yield module
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield value


def _look(owner: Any, only: Any = None) -> dict[str, Seen]:
    names = dict(vars(owner))
    return {
        name: _seen(names[name])
        for name in (names if only is None else only)
        if name in names and (only is not None or _counts(name, names[name]))
    }


def _counts(name: str, value: Any) -> bool:
    # Other variables of a module change as it works.
    return callable(value) or isinstance(value, (property, classmethod, staticmethod)) or name.isupper()


def _seen(value: Any) -> Seen:
    function = getattr(value, "__func__", value)
    if isinstance(function, FunctionType):
        return value, function.__code__, function.__defaults__, function.__kwdefaults__
    return (value,)


def _same(before: Seen, now: Seen) -> bool:
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
