"""Which names of redis-py, of Python or of this library an answer replaced, in order to pass or by accident."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

_WATCHED = ("redis", "tutorial_lib", "builtins", "queue", "socket", "threading", "time")
_CONSTANTS = (bool, int, float, str, bytes, tuple, frozenset)
_MEANT_TO_BE_SET = {("threading", "excepthook")}
_MOST_TOLD = 5

Names = dict[Any, dict[str, Any]]
"""What each module and each class held, by name; a function stands with its code and its defaults."""


def names_now() -> Names:
    """Note what every name means now, in all that is imported of the libraries that an answer may meet."""
    return {owner: {name: _meaning(value) for name, value in vars(owner).items()} for owner in _owners()}


def replaced_since(before: Names) -> list[str]:
    """Return which names mean something else now, such as ``redis.ConnectionPool`` or ``Retry.call_with_retry``."""
    return [f"{_label(owner)}.{name}" for owner, names in before.items() for name in _changed(owner, names)]


def put_back(before: Names) -> list[str]:
    """Give each name its meaning back, since the rest of a check needs them, and return which were replaced."""
    held = vars(builtins)
    # This line calls no builtin, because it may be one that was replaced.
    names = [f"builtins.{name}" for name, meaning in before[builtins].items() if held.get(name) is not meaning[0]]
    held.update({name: meaning[0] for name, meaning in before[builtins].items()})
    names += replaced_since(before)
    for owner, meanings in before.items():
        for name in list(_changed(owner, meanings)):
            if name in meanings:
                _restore(owner, name, *meanings[name])
            else:
                delattr(owner, name)
    return names


def _restore(owner: Any, name: str, value: Any, *of_a_function: Any) -> None:
    if of_a_function:
        value.__code__, value.__defaults__, value.__kwdefaults__ = of_a_function
    setattr(owner, name, value)


def listed(names: list[str]) -> str:
    """Return the names as they stand in a sentence; only the first few of many."""
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_TOLD])
    more = len(names) - _MOST_TOLD
    return f"{shown} and {more} more" if more > 0 else shown


def _owners() -> Iterator[Any]:
    seen = set()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _WATCHED and isinstance(module, ModuleType):
            yield module
            for value in list(vars(module).values()):
                if isinstance(value, type) and value not in seen and value.__module__.partition(".")[0] in _WATCHED:
                    seen.add(value)
                    if value.__module__ != "builtins":  # those cannot be changed
                        yield value


def _meaning(value: Any) -> tuple[Any, ...]:
    if isinstance(value, FunctionType):
        return value, value.__code__, value.__defaults__, value.__kwdefaults__
    return (value,)


def _changed(owner: Any, before: dict[str, Any]) -> Iterator[str]:
    now = dict(vars(owner))
    for name, meaning in before.items():
        if (owner.__name__, name) in _MEANT_TO_BE_SET:
            continue
        if _matters(meaning[0], owner) and not _is_same(meaning, now.get(name, ...)):
            yield name
    new = now.keys() - before.keys()
    if isinstance(owner, type):
        yield from (name for name in new if callable(now[name]) or hasattr(now[name], "__get__"))
    else:  # in a module it may be a submodule that was imported meanwhile
        yield from (name for name in new if hasattr(builtins, name))


def _is_same(before: tuple[Any, ...], value: Any) -> bool:
    now = _meaning(value)
    return len(now) == len(before) and all(one is other for one, other in zip(before, now, strict=True))


def _matters(value: Any, owner: Any) -> bool:
    # Other values, such as a module's own cache or count, may change while everything is used as it should be.
    if callable(value) or hasattr(value, "__get__") or isinstance(value, ModuleType):
        return True
    home = owner.__module__ if isinstance(owner, type) else owner.__name__
    return isinstance(value, _CONSTANTS) and str(home).partition(".")[0] == "redis"


def _label(owner: Any) -> str:
    return str(owner.__name__)
