"""What is sent to other processes is packed first, so that what cannot be sent is named."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting

MOST_STEPS_DOWN = 4


def packed(what: str, thing: object, instead: str) -> bytes:
    """Return ``thing`` as bytes. BadSetting names the part of it that cannot be sent, and what to do ``instead``."""
    import cloudpickle

    error = _trouble(thing)
    if error is None:
        packed_thing: bytes = cloudpickle.dumps(thing)
        return packed_thing
    path, culprit = _culprit(thing)
    uses = "".join(f", which uses {name}" for name in path).replace(", which uses", ": it uses", 1)
    kind = f", a {type(culprit).__name__}" if path else ""
    raise BadSetting(
        f"{what} ({_name(thing)}) cannot be sent to another process{uses}{kind} ({type(error).__name__}: {error}). "
        f"{instead}"
    ) from None


def _trouble(thing: object) -> Exception | None:
    import cloudpickle

    try:
        cloudpickle.dumps(thing)
    except Exception as error:  # Whatever an object's own __reduce__ or __getstate__ raises.
        return error
    return None


def _culprit(thing: object) -> tuple[list[str], object]:
    """Go down to the innermost part that cannot be sent; return the names on the way there, and that part."""
    path: list[str] = []
    while len(path) < MOST_STEPS_DOWN:
        part = next(((name, part) for name, part in _parts(thing) if _trouble(part)), None)
        if part is None:
            break
        path.append(part[0])
        thing = part[1]
    return path, thing


def _parts(thing: Any) -> Iterator[tuple[str, object]]:
    """Yield, by name, what a function, a method, a partial, a tuple or an object of the learner's is made of."""
    if isinstance(thing, partial):
        yield "its function", thing.func
        yield from ((f"its argument {place}", value) for place, value in enumerate(thing.args, start=1))
        yield from ((f"its argument {name!r}", value) for name, value in thing.keywords.items())
    elif inspect.ismethod(thing):
        yield f"the {type(thing.__self__).__name__} that it belongs to", thing.__self__
    elif inspect.isfunction(thing):
        found = inspect.getclosurevars(thing)
        yield from ((f"`{name}`", value) for name, value in {**found.nonlocals, **found.globals}.items())
        yield from ((f"the default {in_short(value)}", value) for value in thing.__defaults__ or ())
    elif isinstance(thing, tuple):
        yield from ((f"part {place}", value) for place, value in enumerate(thing, start=1))
    elif type(thing).__module__ == "__main__":
        yield from ((f"`.{name}`", value) for name, value in vars(thing).items())


def _name(thing: object) -> str:
    return str(getattr(thing, "__name__", None) or type(thing).__name__).strip("<>")
