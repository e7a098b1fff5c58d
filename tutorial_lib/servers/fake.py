"""The fallback: fakeredis behind a real TCP socket, for a machine without any Redis."""

from __future__ import annotations

import asyncio
import atexit
import os
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from typing import TypeVar

from tutorial_lib.arguments import not_negative, whole
from tutorial_lib.errors import BadSetting, TutorialError
from tutorial_lib.network.link import LINGER, Link
from tutorial_lib.network.loop import LoopHasEnded, LoopThread
from tutorial_lib.network.relay import Relay
from tutorial_lib.network.upstream import LOOPBACK
from tutorial_lib.servers.base import LONGEST_TIMEOUT, MOST_CLIENTS, Clients, Server
from tutorial_lib.servers.fake_redis import REDIS_VERSION, FakeRedisThreads, Handler

T = TypeVar("T")

TICK = 0.05  # seconds between two looks at who has been idle for too long


class FakeServer(Server):
    """An imitation of Redis inside this Python process. Its connections are real; its speed is not Redis's.

    A relay accepts, counts, limits and closes the connections; fakeredis answers what comes through. Other processes
    may connect. Only the process that started it may ask or end it through this handle.
    """

    kind = "fake"
    host = LOOPBACK
    version = ".".join(map(str, REDIS_VERSION))

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._closed = False
        self._longest_idle = 0
        self._redis = FakeRedisThreads()
        self._loop = LoopThread("fakeredis")
        try:
            self._relay = self._loop.run(self._begin())
        except BaseException:
            self._loop.close()
            raise
        self.port = self._redis.port = self._relay.port
        atexit.register(self.close)

    async def _begin(self) -> Relay:
        relay = Relay(self._redis, for_everyone=True, linger=LINGER)
        relay.limit = MOST_CLIENTS
        relay.start()
        self._looking_after = asyncio.create_task(self._look_after(relay))  # Kept: the loop forgets others.
        return relay

    async def _look_after(self, relay: Relay) -> None:
        """Do for each client what Redis does a few times a second."""
        while True:
            await asyncio.sleep(TICK)
            idle = {link.address: link.idle for link in relay.links()}
            for handler in list(self._redis.handlers.values()):
                handler.look_after(idle.get(handler.client_address, 0.0))
            if self._longest_idle:
                for link, handler in self._present():
                    if link.idle > self._longest_idle and handler.is_idle:
                        link.close()

    def _present(self) -> list[tuple[Link, Handler]]:
        """Return the connections that are open at both ends now."""
        handlers = self._redis.handlers
        return [(link, handlers[link.address]) for link in self._relay.links() if link.address in handlers]

    def _ask(self, question: Callable[[], T]) -> T:
        if os.getpid() != self._owner:
            raise TutorialError(
                "The fallback server lives in the process that started it. Ask it there; this one can connect to it."
            )
        self._redis.wait_while_paused()
        try:
            if not self._closed:
                return self._loop.run(self._settled(question))
        except LoopHasEnded:
            pass
        raise BadSetting("This server is closed. Run start_server() again.")

    async def _settled(self, question: Callable[[], T]) -> T:
        await self._relay.settle()
        return question()

    def clients(self) -> Clients:
        return self._ask(lambda: Clients(handler.info(link.idle) for link, handler in self._present()))

    def opened(self) -> int:
        return self._ask(lambda: self._relay.opened)

    def commands(self) -> Counter[str]:
        return self._ask(self._redis.commands)

    def set_limit(self, clients: int) -> None:
        limit = whole("The limit", clients, "clients", at_least=1, at_most=MOST_CLIENTS)
        self._ask(lambda: setattr(self._relay, "limit", limit))

    def set_idle_timeout(self, seconds: int) -> None:
        timeout = whole("The idle timeout", seconds, "seconds", at_least=0, at_most=LONGEST_TIMEOUT)
        self._ask(lambda: setattr(self, "_longest_idle", timeout))

    def kill_clients(self, name: str | None = None) -> int:
        return self._ask(lambda: self._kill(name))

    def _kill(self, name: str | None) -> int:
        victims = [link for link, handler in self._present() if name in (None, handler.info(0.0).name)]
        for link in victims:
            link.close()
        return len(victims)

    def pause(self, seconds: float) -> None:
        length = not_negative("The pause", seconds, "seconds", at_most=LONGEST_TIMEOUT)
        self._ask(lambda: self._redis.pause(length))

    def close(self) -> None:
        if os.getpid() != self._owner or self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._loop.close(self._relay.close())
        self._redis.stop()

    def describe(self) -> str:
        where = "(closed)" if self._closed else f"on {self.host}:{self.port}"
        return (
            f"fakeredis {version('fakeredis')} {where}, inside this Python process: "
            "its connections are real, and a time measured on it says nothing about Redis."
        )
