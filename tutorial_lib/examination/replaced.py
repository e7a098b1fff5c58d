"""Functions of redis-py that do what they did, and also tell of it; and how each is put back."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from tutorial_lib.pools.frames import leave_no_frame

_undo: list[tuple[Any, str, Any]] = []
_ABSENT = object()


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace a function of a class, or a class method. What is inherited is wrapped where it is."""
    before = vars(owner).get(name)
    if before is None:
        return
    _undo.append((owner, name, before))
    if isinstance(before, classmethod):
        function = before.__func__
        setattr(owner, name, classmethod(wraps(function)(make(function))))
    else:
        setattr(owner, name, wraps(before)(make(before)))


def add(owner: Any, name: str, value: Any) -> None:
    """Give a class an attribute that it does not have."""
    _undo.append((owner, name, _ABSENT))
    setattr(owner, name, value)


def put_back() -> None:
    """Undo every ``replace`` and ``add``."""
    while _undo:
        owner, name, before = _undo.pop()
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def is_anything_replaced() -> bool:
    """Say whether there is something to put back."""
    return bool(_undo)


def _nothing(*_: Any, **__: Any) -> None:
    pass


def telling(old: Any, before: Callable[..., None] = _nothing, after: Callable[..., None] = _nothing) -> Any:
    """Return a function, or an async one, that does as ``old``, and calls ``before`` and ``after``.

    Both get the frame of the caller and the arguments; ``after`` gets the result in between.
    """
    if asyncio.iscoroutinefunction(old):

        async def told_in_a_task(*args: Any, **kwargs: Any) -> Any:
            before(sys._getframe(1), *args, **kwargs)
            try:
                result = await old(*args, **kwargs)
            except BaseException as error:
                leave_no_frame(error)
                raise
            after(sys._getframe(1), result, *args, **kwargs)
            return result

        return told_in_a_task

    def told(*args: Any, **kwargs: Any) -> Any:
        before(sys._getframe(1), *args, **kwargs)
        try:
            result = old(*args, **kwargs)
        except BaseException as error:
            leave_no_frame(error)
            raise
        after(sys._getframe(1), result, *args, **kwargs)
        return result

    return told
