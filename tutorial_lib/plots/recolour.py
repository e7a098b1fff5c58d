"""A finished figure in other colours: those of a dark theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

Rgba = tuple[float, float, float, float]

# What an artist's colours are called. A hatch has its edge's colour.
_COLOURS: tuple[tuple[type[Artist], tuple[str, ...]], ...] = (
    (Text, ("color",)),
    (Line2D, ("color", "markerfacecolor", "markeredgecolor")),
    (Patch, ("facecolor", "edgecolor")),
    (Collection, ("facecolor", "edgecolor")),
)


@contextmanager
def recoloured(figure: Figure, colours: Mapping[str, str]) -> Iterator[None]:
    """Put for each of ``colours`` the other in its place meanwhile. A colour that is not named there stays."""
    by_value = {to_rgba(old): to_rgba(new) for old, new in colours.items()}
    undo: list[Callable[[], object]] = []
    try:
        for artist in figure.findobj():
            for kind, names in _COLOURS:
                if isinstance(artist, kind):
                    for name in names:
                        undo.extend(_recolour(artist, name, by_value))
        yield
    finally:
        for step in reversed(undo):
            step()


def _recolour(artist: Any, name: str, by_value: Mapping[Rgba, Rgba]) -> Iterator[Callable[[], object]]:
    """Change one colour, and yield what changes it back."""
    before = getattr(artist, f"get_{name}")()
    after = _other(before, by_value)
    if after is not None:
        change = getattr(artist, f"set_{name}")
        change(after)
        yield lambda: change(before)


def _other(colour: Any, by_value: Mapping[Rgba, Rgba]) -> Any:
    """Return what takes a colour's place, or None if it stays. Collections have one for each of their parts."""
    if isinstance(colour, str | tuple):
        return None if colour in ("none", "auto") else by_value.get(to_rgba(colour))
    old: list[Rgba] = [to_rgba(each) for each in colour]
    new = [by_value.get(each, each) for each in old]
    return new if new != old else None
