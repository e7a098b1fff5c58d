"""The learner's own Redis, from REDIS_URL: used as a guest uses a house."""

from __future__ import annotations

import atexit
import os
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar, cast

import redis

from tutorial_lib.errors import BadSetting, NotAllowed, TutorialError
from tutorial_lib.network.link import LINGER
from tutorial_lib.network.loop import LoopHasEnded, LoopThread
from tutorial_lib.network.relay import Relay, let_go
from tutorial_lib.network.signed_in import SignedIn, SignedInEnd
from tutorial_lib.servers.base import Clients, Server, client_info
from tutorial_lib.servers.failure import explain
from tutorial_lib.servers.guest import Guest
from tutorial_lib.servers.keeper import Keeper
from tutorial_lib.servers.redis_url import RedisUrl

T = TypeVar("T")

CLOSE_WITHIN = 1.0
"""Seconds that closing waits for the loop's thread: a name look-up that hangs cannot be ended, and is left behind."""


class BorrowedServer(Server):
    """The Redis that ``url`` names, reached through a relay on 127.0.0.1 that needs no password and no TLS.

    The database is the URL's: a client with ``db=0`` sends no SELECT and stays there. A client with another ``db``
    goes where it says, and nobody looks after keys there.

    ``keys`` are what will be written. If one exists, KeyAlreadyThere is raised before anything is touched; at the
    end, however it comes, they are deleted and nothing else is. Counts are of connections through the relay only.

    BadSetting for a URL that cannot be understood, CannotConnect when the Redis does not answer or let us in.
    """

    kind = "borrowed"
    host = "127.0.0.1"

    def __init__(self, url: str, *, keys: Sequence[str]) -> None:
        self._redis = RedisUrl.parse(url)
        self._keys = tuple(keys)
        self._process = os.getpid()
        self._closed = False
        self._commands: Counter[str] = Counter()
        self._loop = LoopThread("relay to a borrowed Redis")
        try:
            self._relay, self._guest = self._loop.run(self._prepare())
        except BaseException:
            self._loop.close(within=CLOSE_WITHIN)
            raise
        try:
            self._require_a_safe_relay()
            self._loop.run(self._enter())
            self._keeper = Keeper(url, self._keys)
        except BaseException:
            self._disconnect()
            raise
        self.port = self._relay.port
        _open.append(self)
        atexit.register(self._close_at_exit)

    async def _prepare(self) -> tuple[Relay, Guest]:
        signed_in = SignedIn(self._redis.connection, self._redis.deadline)
        return Relay(signed_in, linger=LINGER, commands=self._commands), Guest(self._redis)

    def _require_a_safe_relay(self) -> None:
        if self._redis.opens_a_locked_door and not self._relay.is_guarded:
            raise NotAllowed(
                f"Your own Redis at {self._redis.place} is locked, and this system does not say which user opened a "
                "connection: through the lesson's port every user of this computer could get in. "
                "Unset REDIS_URL to get a private server, or name a Redis without a password."
            )

    async def _enter(self) -> None:
        try:
            self.version = await self._guest.enter(self._keys, ours=self._keys_of_others())
        except TutorialError:
            raise
        except Exception as error:
            raise explain(error, self._redis) from None
        self._relay.start()

    def _keys_of_others(self) -> set[str]:
        """Keys that other handles of this process look after in the same place: a setup cell was run twice."""
        return {
            key
            for other in _open
            if other is not self and (other._redis.place, other._redis.db) == (self._redis.place, self._redis.db)
            for key in other._keys
        }

    # -- what a lesson may ask

    def clients(self) -> Clients:
        return self._ask(self._list_clients())

    async def _list_clients(self) -> Clients:
        await self._relay.settle()
        links = self._relay.links()
        # Each is open, so it has an end towards the server.
        addresses = {cast(SignedInEnd, link.server).client_id: "{}:{}".format(*link.address) for link in links}
        if None in addresses:
            raise self._not_allowed_to_look("CLIENT ID")
        try:
            rows = (
                await self._guest.client_list([number for number in addresses if number is not None])
                if addresses
                else []
            )
        except redis.exceptions.NoPermissionError:
            raise self._not_allowed_to_look("CLIENT LIST") from None
        except Exception as error:
            raise explain(error, self._redis) from None
        return Clients(
            # The server sees the relay's end; the learner's own is the one to find again in a pool.
            client_info(row, addresses[int(row["id"])])
            for row in rows
        )

    def opened(self) -> int:
        return self._ask(self._settled(lambda: self._relay.opened))

    def commands(self) -> Counter[str]:
        return self._ask(self._settled(self._commands.copy))

    async def _settled(self, read: Callable[[], T]) -> T:
        await self._relay.settle()
        return read()

    def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        if os.getpid() != self._process and not self._closed:
            question.close()
            raise NotAllowed("Only the process that called start_server() can ask it. Ask there, not in a forked one.")
        try:
            return self._loop.run(question)
        except LoopHasEnded:
            raise BadSetting("This server is closed. Run start_server() again.") from None

    # -- what a guest does not do

    def set_limit(self, clients: int) -> None:
        raise self._not_allowed("set_limit", "its limit counts for everybody who uses it")

    def set_idle_timeout(self, seconds: int) -> None:
        raise self._not_allowed("set_idle_timeout", "its timeout would close other people's connections too")

    def kill_clients(self, name: str | None = None) -> int:
        raise self._not_allowed("kill_clients", "connections there are not ours to cut")

    def pause(self, seconds: float) -> None:
        raise self._not_allowed("pause", "everybody who uses it would have to wait")

    def _not_allowed(self, what: str, why: str) -> NotAllowed:
        return NotAllowed(
            f"{what} is not done on your own Redis at {self._redis.place}: {why}. "
            "Unset REDIS_URL and run start_server() again: a private server can do this."
        )

    def _not_allowed_to_look(self, command: str) -> NotAllowed:
        return NotAllowed(
            f"Your own Redis at {self._redis.place} does not let user {self._redis.user!r} use {command}, which "
            "clients() needs. Allow it (ACL SETUSER … +client), or unset REDIS_URL to get a private server."
        )

    # -- the end

    def close(self) -> None:
        """Disconnect and delete the lesson's keys. CannotConnect if the Redis has gone and they may still be there."""
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        atexit.unregister(self._close_at_exit)
        _open.remove(self)
        self._disconnect()
        needed = self._keys_of_others()
        self._keeper.dismiss([key for key in self._keys if key not in needed], self._redis.place)

    def _close_at_exit(self) -> None:
        try:
            self.close()
        except TutorialError as error:
            print(error, file=sys.stderr)

    def _disconnect(self) -> None:
        self._loop.close(self._leave(), within=CLOSE_WITHIN)

    async def _leave(self) -> None:
        await self._relay.close()
        await self._guest.leave()

    def _leave_to_parent(self) -> None:
        """In a forked child: hold nothing open that the parent may want to end."""
        let_go([self._keeper.pipe(), *(sock.fileno() for sock in self._guest.sockets())])

    def describe(self) -> str:
        where = f"through a relay on {self.host}:{self.port}" if not self._closed else "(closed)"
        others = ""
        if not self._relay.is_guarded:
            others = " Other users of this computer can reach it through that port too while the lesson runs."
        return (
            f"Your own Redis {self.version} at {self._redis.place}, db {self._redis.db}, {where}: it is not limited, "
            f"paused or killed, counts are of the relay's connections only, and times include the relay.{others}"
        )


_open: list[BorrowedServer] = []


def _leave_all_to_parent() -> None:
    for server in _open:
        server._leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
