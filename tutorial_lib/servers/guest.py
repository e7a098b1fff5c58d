"""The tutorial's own connection to the learner's Redis: it looks and asks, and changes nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection, Sequence
from typing import Any

import redis
from redis.asyncio import ConnectionPool, Redis

from tutorial_lib.errors import KeyAlreadyThere
from tutorial_lib.network.signed_in import close_at_once, sockets_of
from tutorial_lib.servers.redis_url import RedisUrl


class Guest:
    """One connection. Lives in one event loop; all its errors are redis-py's own, but for KeyAlreadyThere."""

    def __init__(self, url: RedisUrl) -> None:
        self._url = url
        self._connection = url.connection()
        # The client only parses replies: a pool would open a connection of its own.
        self._replies: Any = Redis(connection_pool=ConnectionPool())
        self._one_at_a_time = asyncio.Lock()

    async def enter(self, keys: Sequence[str], ours: Collection[str]) -> str:
        """Look around before anything is written, and return the server's version.

        ``ours`` are keys that another handle of this process has written. KeyAlreadyThere names any other that
        is there; redis-py's error tells what we may not do.
        """
        return await asyncio.wait_for(self._look_around(keys, ours), self._url.deadline)

    async def _look_around(self, keys: Sequence[str], ours: Collection[str]) -> str:
        await self._ask("PING")
        taken = [key for key in keys if key not in ours and await self._ask("EXISTS", key)]
        if taken:
            raise KeyAlreadyThere(
                f"Your own Redis at {self._url.place} already has {' and '.join(map(repr, taken))} in database "
                f"{self._url.db}, and a lesson would overwrite that. Rename or delete it yourself, close the "
                "notebook that wrote it if one is open, or unset REDIS_URL to get a private server."
            )
        for key in keys:
            await self._may_write(key)
        return await self._version()

    async def _may_write(self, key: str) -> None:
        """Raise the server's own error if SET or DEL would be refused, without carrying either out."""
        try:
            # Impossible together, so never carried out; rights, replicas and full memory are looked at before that.
            await self._ask("SET", key, "", "NX", "XX")
        except redis.ResponseError as error:
            if "syntax" not in str(error):
                raise
        try:
            await self._ask("MULTI")
        except redis.ResponseError:
            return  # Without MULTI we learn of a forbidden DEL only at the end.
        await self._ask("DEL", key)  # Queued, if it is allowed at all.
        await self._ask("DISCARD")

    async def _version(self) -> str:
        try:
            info = await self._ask("INFO")
        except redis.ResponseError:
            answer = await self._ask("HELLO")  # Allowed to everyone.
            return str(dict(zip(answer[::2], answer[1::2], strict=True))[b"version"].decode())
        return str(info.get("valkey_version") or info["redis_version"])

    async def client_list(self, ids: Sequence[int]) -> list[dict[str, str]]:
        """Return CLIENT LIST's rows for these connections and no others."""
        try:
            return await self._client_list(ids)
        except redis.ConnectionError:  # The server may have closed this connection as idle.
            return await self._client_list(ids)

    async def _client_list(self, ids: Sequence[int]) -> list[dict[str, str]]:
        try:
            rows = await self._ask("CLIENT LIST", "ID", *ids)
        except redis.exceptions.NoPermissionError:
            raise
        except redis.ResponseError:  # Redis before 6.2 lists all or none.
            rows = await self._ask("CLIENT LIST")
        wanted = {str(number) for number in ids}
        return [row for row in rows if row["id"] in wanted]

    async def _ask(self, command: str, *arguments: Any) -> Any:
        async with self._one_at_a_time:
            return await asyncio.wait_for(self._exchange(command, *arguments), self._url.deadline)

    async def _exchange(self, command: str, *arguments: Any) -> Any:
        await self._connection.send_command(command, *arguments)  # Opens the connection, if it is not.
        return await self._replies.parse_response(self._connection, command)

    def sockets(self) -> list[socket.socket]:
        """What a forked child must not keep open."""
        return sockets_of(self._connection)

    async def leave(self) -> None:
        await close_at_once(self._connection)
