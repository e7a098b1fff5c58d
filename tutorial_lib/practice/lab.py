"""What a check works with: a private server, and the answer called with care."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import redis

from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.elsewhere import WentElsewhere, let_through
from tutorial_lib.practice.leftovers import pools_to
from tutorial_lib.practice.verdict import NotAttempted, Wrong
from tutorial_lib.servers import Server


class Lab:
    """A private server with fresh counters, for one check of one answer.

    ``name`` is what the learner's function is called in the exercise, for sentences about it. ``attempts`` lists
    where the answer tried to connect other than to the server; each attempt also raised WentElsewhere.
    """

    def __init__(
        self,
        server: Server,
        name: str,
        printed: Callable[[], str] = lambda: "",
        attempts: Sequence[WentElsewhere] = (),
        proxies: list[FaultProxy] | None = None,
    ) -> None:
        self.server = server
        self.name = name
        self.attempts = attempts
        self._printed = printed
        self._proxies = [] if proxies is None else proxies

    def call(self, answer: Callable[..., Any], *arguments: Any) -> Any:
        """Call the answer and return what it returns. NotAttempted if that is still the ``...`` it came with."""
        result = answer(*arguments)
        if result is ...:
            raise NotAttempted(
                f"`{self.name}` still returns the `...` it came with. "
                "Put your code in its place, and run the cell again."
            )
        if inspect.iscoroutine(result):
            result.close()
            raise Wrong(f"`{self.name}` is an `async def`. Here a plain `def` is called, without an event loop.")
        return result

    def proxy(self, round_trip: float = 0.0) -> FaultProxy:
        """Return a proxy before the server, ``round_trip`` seconds away, that the answer may use."""
        proxy = FaultProxy(self.server, round_trip=round_trip)
        self._proxies.append(proxy)
        let_through(proxy.port)
        return proxy

    def pools(self) -> list[redis.ConnectionPool]:
        """Return the pools for this server that are alive now, wherever the answer keeps them."""
        return pools_to([self.server.port, *(proxy.port for proxy in self._proxies)])

    def printed(self) -> str:
        """Return what the answer has printed so far."""
        return self._printed()

    def close(self) -> None:
        """Close the server and every proxy before it, which frees whoever waits for them."""
        ways: list[FaultProxy | Server] = [*self._proxies, self.server]
        for way in ways:
            way.close()
