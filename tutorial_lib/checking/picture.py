"""A picture of the code that judges, to see later whether a notebook has replaced a part of it."""

from __future__ import annotations

import builtins
import json
import queue
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

_PACKAGES = ("redis", "tutorial_lib")
_OTHERS = (builtins, json, queue, socket, threading, time)
_MOST_NAMED = 3

Owner = ModuleType | type


class Picture:
    """What stood behind the names of redis-py, of this course and of what both rely on when the picture was taken.

    It does not see changes inside an object, such as another entry in a dictionary.
    """

    def __init__(self) -> None:
        self._before = [(owner, _look(owner)) for owner in dict.fromkeys(_owners())]  # a class may have two names

    def replaced(self) -> list[str]:
        """Return the names behind which something else stands now, such as ``redis.connection.ConnectionPool``."""
        found = []
        for owner, before in self._before:
            now = _look(owner)
            place = owner.__name__ if isinstance(owner, ModuleType) else f"{owner.__module__}.{owner.__qualname__}"
            found += [f"{place}.{name}" for name, seen in before.items() if not _same(seen, now.get(name))]
            found += [f"{place}.{name}" for name in now.keys() - before.keys() if _hides_something(owner, name)]
        return found


def sentence(replaced: list[str]) -> str:
    """Return what a learner is told about the names."""
    names = ", ".join(f"`{name}`" for name in replaced[:_MOST_NAMED])
    more = f" and {len(replaced) - _MOST_NAMED} more" if len(replaced) > _MOST_NAMED else ""
    return (
        f"Your notebook replaced {names}{more}, so the check could not be made as it should. "
        "Leave the libraries as they are, and call them."
    )


def _owners() -> Iterator[Owner]:
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] in _PACKAGES]
    for module in [*_OTHERS, *modules]:
        yield module
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield value


def _look(owner: Owner) -> dict[str, tuple[Any, ...]]:
    return {name: _parts(value) for name, value in list(vars(owner).items()) if _counts(name, value)}


def _counts(name: str, value: Any) -> bool:
    # Other variables of a module change as it works.
    return callable(value) or isinstance(value, (property, classmethod, staticmethod)) or name.isupper()


def _parts(value: Any) -> tuple[Any, ...]:
    function = getattr(value, "__func__", value)
    if isinstance(function, FunctionType):
        return value, function.__code__, function.__defaults__, function.__kwdefaults__
    return (value,)


def _same(before: tuple[Any, ...], now: tuple[Any, ...] | None) -> bool:
    return now is not None and len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))


def _hides_something(owner: Owner, name: str) -> bool:
    # A module gets new names as others import from it; a class does not.
    return isinstance(owner, type) or hasattr(builtins, name)
