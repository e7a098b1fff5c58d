"""Which names of redis-py, of Python or of this library an answer replaced, in order to pass or by accident."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter, is_
from types import FunctionType, ModuleType
from typing import Any

_WATCHED = ("redis", "tutorial_lib", "builtins", "queue", "socket", "threading", "time")
_CONSTANTS = (bool, int, float, str, bytes, tuple, frozenset)
_MEANT_TO_BE_SET = {("threading", "excepthook")}
_MOST_TOLD = 5

_parts_of = attrgetter("__code__", "__defaults__", "__kwdefaults__")


@dataclass(frozen=True)
class Contents:
    """What a module or a class held, by name, and what those of its values that are functions were made of."""

    values: dict[str, Any]
    functions: dict[str, tuple[Any, ...]]


Names = dict[Any, Contents]


def names_now() -> Names:
    """Note what every name means now, in all that is imported of the libraries that an answer may meet."""
    return {owner: _contents_of(owner) for owner in _owners()}


def replaced_since(before: Names) -> list[str]:
    """Return which names mean something else now, such as ``redis.ConnectionPool`` or ``Retry.call_with_retry``."""
    return [_told(owner, name) for owner, contents in before.items() for name in _changed(owner, contents)]


def restore_names(before: Names) -> list[str]:
    """Give each name its meaning back, since the rest of a check needs them, and return which were replaced."""
    now, meant = vars(builtins), before[builtins].values
    # This line calls no builtin, because it may be one that was replaced.
    names = [f"builtins.{name}" for name, value in meant.items() if now.get(name) is not value]
    now.update(meant)
    replaced = [(owner, name) for owner, contents in before.items() for name in _changed(owner, contents)]
    for owner, name in replaced:
        _restore(owner, name, before[owner])
    return names + [_told(owner, name) for owner, name in replaced]


def _restore(owner: Any, name: str, contents: Contents) -> None:
    if name not in contents.values:
        delattr(owner, name)
        return
    value = contents.values[name]
    if name in contents.functions:
        value.__code__, value.__defaults__, value.__kwdefaults__ = contents.functions[name]
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


def _contents_of(owner: Any) -> Contents:
    values = dict(vars(owner))
    functions = {name: _parts_of(value) for name, value in values.items() if isinstance(value, FunctionType)}
    return Contents(values, functions)


def _changed(owner: Any, before: Contents) -> Iterator[str]:
    now = _contents_of(owner)
    if _are_same(before, now):
        return
    for name, value in before.values.items():
        if (owner.__name__, name) in _MEANT_TO_BE_SET:
            continue
        if _matters(value, owner) and not _is_same(name, before, now):
            yield name
    new = now.values.keys() - before.values.keys()
    if isinstance(owner, type):
        yield from (name for name in new if callable(now.values[name]) or hasattr(now.values[name], "__get__"))
    else:  # in a module it may be a submodule that was imported meanwhile
        yield from (name for name in new if hasattr(builtins, name))


def _are_same(before: Contents, now: Contents) -> bool:
    """Say whether all is as it was; as a rule it is. Of 20,000 names none is looked at in Python."""
    return (
        before.values.keys() == now.values.keys()
        and all(map(is_, before.values.values(), now.values.values()))
        and all(map(is_, chain(*before.functions.values()), chain(*now.functions.values())))
    )


def _is_same(name: str, before: Contents, now: Contents) -> bool:
    if now.values.get(name, ...) is not before.values[name]:
        return False
    return all(map(is_, before.functions.get(name, ()), now.functions.get(name, ())))


def _matters(value: Any, owner: Any) -> bool:
    # Other values, such as a module's own cache or count, may change while everything is used as it should be.
    if callable(value) or hasattr(value, "__get__") or isinstance(value, ModuleType):
        return True
    home = owner.__module__ if isinstance(owner, type) else owner.__name__
    return isinstance(value, _CONSTANTS) and str(home).partition(".")[0] == "redis"


def _told(owner: Any, name: str) -> str:
    return f"{owner.__name__}.{name}"
