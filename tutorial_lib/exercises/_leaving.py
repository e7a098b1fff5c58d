"""Pages that read a stream with ``async for``, and leave it in different ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ENOUGH = 2
"""So many offers a page wants to hear before it leaves."""


class PageFailed(Exception):
    """What goes wrong in the body of a page's loop."""


class Page:
    """Reads a stream until it has heard every offer, and leaves it in its own way."""

    left = "A page left with `break`"
    reads = True
    raised = "raises `GeneratorExit` at the `yield` where your generator stands"

    def __init__(self) -> None:
        self.heard: list[Any] = []

    @property
    def has_heard_all(self) -> bool:
        return len(self.heard) >= ENOUGH

    async def read(self, stream: Callable[[], Any]) -> None:
        """Make a stream and read it. Only the loop refers to it, as in a page's own code."""
        async for offer in stream():
            self.heard.append(offer)
            if self.has_heard_all and self.leaves():
                break

    def leaves(self) -> bool:
        return True


class Breaks(Page):
    pass


class Fails(Page):
    left = "An error was raised in the loop of a page"

    def leaves(self) -> bool:
        raise PageFailed


class Closes(Page):
    left = "A page called `aclose()`"

    async def read(self, stream: Callable[[], Any]) -> None:
        opened = stream()
        while not self.has_heard_all:
            self.heard.append(await anext(opened))
        await opened.aclose()


class IsCancelled(Page):
    left = "A page was cancelled while it waited for the next offer"
    raised = "raises `CancelledError` at the `await` where your generator waits"

    def leaves(self) -> bool:
        return False


class NeverReads(Page):
    left = "A page called `aclose()` before it had read an offer"
    reads = False

    async def read(self, stream: Callable[[], Any]) -> None:
        await stream().aclose()
