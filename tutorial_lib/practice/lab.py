"""What a check works with: a private server, and the answer called with care."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

import redis
import redis.asyncio

from tutorial_lib.errors import ServerStartFailed
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.pools.snapshot import AnyPool
from tutorial_lib.practice.elsewhere import WentElsewhere, let_through, trusted
from tutorial_lib.practice.verdict import Lacking, NotAttempted, Wrong, try_again
from tutorial_lib.servers import Server
from tutorial_lib.servers.private_process import ADMIN
from tutorial_lib.servers.start_lab import Closable, Started

Pool = TypeVar("Pool", redis.ConnectionPool, redis.asyncio.ConnectionPool)


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
        tell: Callable[[str], object] = lambda said: None,
    ) -> None:
        self.server = server
        self.name = name
        self.attempts = attempts
        self._printed = printed
        self._tell = tell
        self._proxies: list[FaultProxy] = []
        self._started: list[Closable] = []

    def call(self, answer: Callable[..., Any], *arguments: Any) -> Any:
        """Call the answer and return what it returns. NotAttempted if that is still the ``...`` it came with."""
        result = answer(*arguments)
        if result is ...:
            raise NotAttempted(
                f"`{self.name}` still returns the `...` it came with. Put your code in its place, and {try_again()}."
            )
        if inspect.iscoroutine(result):
            result.close()
            if not inspect.iscoroutinefunction(answer):
                raise Wrong(
                    f"`{self.name}` returned a coroutine: it called an `async def`. Has it to return the function?"
                )
            raise Wrong(f"`{self.name}` is an `async def`. Here a plain `def` is called, without an event loop.")
        return result

    def proxy(self, round_trip: float = 0.0) -> FaultProxy:
        """Return a proxy before the server, ``round_trip`` seconds away, that the answer may use."""
        with trusted():  # to learn how the system tells who connects, a proxy connects to itself
            proxy = FaultProxy(self.server, round_trip=round_trip)
        self._proxies.append(proxy)
        let_through(proxy.port)
        return proxy

    def start(self, start: Callable[[], Started], ports: Callable[[Started], Iterable[int]]) -> Started:
        """Return what ``start`` starts, such as a server with TLS. It is closed after the check.

        The answer may connect to ``ports``. Lacking, with the reason, if the redis-server of this machine can't do it.
        """
        try:
            with trusted():
                started = start()
        except ServerStartFailed as error:
            raise Lacking(str(error)) from error
        self._started.append(started)
        for port in ports(started):
            let_through(port)
        return started

    def pools(self) -> list[redis.ConnectionPool]:
        """Return the pools for this server that are alive now, wherever the answer keeps them."""
        return pools_to(self._ports(), redis.ConnectionPool)

    def asyncio_pools(self) -> list[redis.asyncio.ConnectionPool]:
        """Return those of `redis.asyncio`."""
        return pools_to(self._ports(), redis.asyncio.ConnectionPool)

    def _ports(self) -> list[int]:
        return [self.server.port, *(proxy.port for proxy in self._proxies)]

    def printed(self) -> str:
        """Return what the answer has printed so far."""
        return self._printed()

    def doing(self, what: str) -> None:
        """Say what the check does now, such as ``"Redis says nothing"``. Only a check that takes long shows it."""
        self._tell(what)

    def close(self) -> None:
        """Close the server, every proxy before it and what else was started, which frees all that wait for them."""
        ways: list[Closable] = [*self._proxies, *self._started, self.server]
        for way in ways:
            way.close()


def pools_to(ports: Collection[int], kind: type[Pool]) -> list[Pool]:
    """Find the living pools whose connections go to these ports, wherever they are kept, except the tutorial's own."""
    # By type(), since isinstance() would ask a proxy object for its __class__ and might start something.
    pools = (thing for thing in gc.get_objects() if kind in type(thing).__mro__)
    return [pool for pool in pools if _goes_to(pool, ports)]


def _goes_to(pool: AnyPool, ports: Collection[int]) -> bool:
    settings = getattr(pool, "connection_kwargs", {})  # Without any: its constructor raised, or is still running.
    return str(settings.get("port")) in map(str, ports) and settings.get("username") != ADMIN
