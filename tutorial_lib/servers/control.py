"""The tutorial's own connection to its private server: it asks and configures, and leaves itself out of every count."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tutorial_lib.errors import BadSetting
from tutorial_lib.servers.base import Clients, client_info


class Control:
    """An administrator's connection. One at a time, for any number of threads."""

    def __init__(self, host: str, port: int, user: str, secret: str) -> None:
        self._user = user
        self._lock = threading.Lock()
        self._own_connections = 0
        self._own_commands: Counter[str] = Counter()
        self._client = redis.Redis(
            connection_pool=redis.BlockingConnectionPool(
                host=host,
                port=port,
                username=user,
                password=secret,
                max_connections=1,
                timeout=None,
                protocol=2,  # With RESP2 and no driver name a new connection says AUTH and nothing else.
                driver_info=None,
                socket_timeout=None,  # The server may be paused for as long as a lesson likes.
                retry=Retry(NoBackoff(), 1),  # Once: an idle timeout may have closed this connection too.
                redis_connect_func=self._connected,
            )
        )

    def _connected(self, connection: Any) -> None:
        connection.on_connect()
        self._own_connections += 1
        self._own_commands["AUTH"] += 1

    def _send(self, name: str, method: str, *args: Any, **options: Any) -> Any:
        """Call one method of the client, and remember that command ``name`` was ours."""
        # The count is raised after the reply, because Redis too counts a command once it has run.
        try:
            return getattr(self._client, method)(*args, **options)
        finally:
            self._own_commands[name] += 1

    def version(self) -> str:
        with self._lock:
            info = self._send("INFO", "info", "server")
        return str(info.get("valkey_version") or info["redis_version"])

    def opened(self) -> int:
        with self._lock:
            return int(self._send("INFO", "info", "stats")["total_connections_received"]) - self._own_connections

    def commands(self) -> Counter[str]:
        with self._lock:
            stats = self._client.info("commandstats")
            received = Counter(
                {
                    key.removeprefix("cmdstat_").replace("|", " ").upper(): row["calls"] + row.get("rejected_calls", 0)
                    for key, row in stats.items()
                }
            )
            for name, times in self._own_commands.items():
                received[name if name in received else name.split()[0]] -= times  # Redis 6 counts families.
            self._own_commands["INFO"] += 1
        return +received  # Without the zeros.

    def clients(self) -> Clients:
        return Clients(client_info(row, row["addr"]) for row in self._rows() if self._is_not_ours(row))

    def _rows(self) -> list[dict[str, str]]:
        with self._lock:
            # Redis 6.2 may read in one turn that a client is gone and that we ask for the list: it lists that client
            # still, and frees it at the end of the turn. The reply to a PING says that the turn has ended.
            self._send("PING", "ping")
            rows: list[dict[str, str]] = self._send("CLIENT LIST", "client_list")
        return rows

    def _is_not_ours(self, row: dict[str, str]) -> bool:
        return row["user"] != self._user

    def kill_clients(self, name: str | None) -> int:
        victims = [client for client in self.clients() if name is None or client.name == name]
        with self._lock:
            return sum(self._send("CLIENT KILL", "client_kill_filter", _id=str(client.id)) for client in victims)

    def say(self, command: str, *arguments: str | int) -> Any:
        """Send any command, such as ``say("CLUSTER MEET", host, port)``, and return redis-py's reply."""
        with self._lock:
            return self._send(command, "execute_command", command, *arguments)

    def configure(self, name: str, value: int) -> None:
        with self._lock:
            try:
                self._send("CONFIG SET", "config_set", name, value)
            except redis.ResponseError as error:
                raise BadSetting(f"Redis did not take {value} for {name}: {error}. Try a smaller number.") from None

    def limit_buffers(self, size: int) -> None:
        """Let what waits to be read or sent take so many bytes in all, where Redis has such a limit (from 7.0 on)."""
        with suppress(BadSetting):
            self.configure("maxmemory-clients", size)

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._send("CLIENT PAUSE", "client_pause", round(seconds * 1000))

    def close(self) -> None:
        self._client.connection_pool.disconnect()
