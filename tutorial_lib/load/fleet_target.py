"""What a fleet's load is put on: a server of the course's own, or a Redis that is named by its URL."""

from __future__ import annotations

from typing import Protocol

import redis

from tutorial_lib.errors import BadSetting, CannotConnect, NotAllowed
from tutorial_lib.servers.base import Clients, Server, checked_server, client_info

ANSWERS_WITHIN = 3.0
WHAT_TO_PASS = "Pass what start_server() returned, or the URL of a Redis that is yours to load: 'redis://host:port/0'."


class Target(Protocol):
    """A server that can be loaded, and asked what it saw."""

    @property
    def url(self) -> str: ...

    @property
    def is_real(self) -> bool: ...

    def opened(self) -> int: ...

    def clients(self) -> Clients: ...


class NamedRedis:
    """A Redis named by its URL, which says who may load it. Looked at with one connection, which is not counted."""

    is_real = True

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._client = redis.Redis.from_url(
                url,
                single_connection_client=False,
                max_connections=1,
                decode_responses=True,
                socket_timeout=ANSWERS_WITHIN,
                socket_connect_timeout=ANSWERS_WITHIN,
            )
        except (ValueError, TypeError):  # Its text may repeat a piece of the URL, which may be the password.
            raise BadSetting(f"server is a text that redis-py does not take for a URL. {WHAT_TO_PASS}") from None
        self._own = 0

    def check(self) -> None:
        """CannotConnect if it doesn't answer, or doesn't tell what it saw."""
        try:
            self._own = self.clients_id()
            self.opened(), self.clients()
        except redis.RedisError as error:
            place = ":".join(str(self._client.get_connection_kwargs().get(part, "")) for part in ("host", "port"))
            raise CannotConnect(
                f"The Redis at {place.strip(':')} cannot be used ({type(error).__name__}: {error}). "
                "Is it there, and may this user ask it for INFO and CLIENT LIST?"
            ) from None

    def clients_id(self) -> int:
        return int(self._client.client_id())

    def opened(self) -> int:
        return int(self._client.info("stats")["total_connections_received"])

    def clients(self) -> Clients:
        rows = self._client.client_list()
        return Clients(client_info(row, row["addr"]) for row in rows if int(row["id"]) != self._own)

    def close(self) -> None:
        self._client.connection_pool.disconnect()


def checked_target(server: object) -> Server | NamedRedis:
    """Return what may be loaded. NotAllowed for a borrowed server; BadSetting for what is none."""
    if isinstance(server, str):
        return NamedRedis(server)
    server = checked_server(server, WHAT_TO_PASS)
    if not server.owned:
        raise NotAllowed(
            "A fleet is not run on your own Redis: others who use it would have to wait. Unset REDIS_URL and run "
            "start_server() again for a private server. If that Redis is there to be loaded, give its URL instead "
            "of the server."
        )
    return server
