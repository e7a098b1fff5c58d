"""Measure what lessons say of different versions of redis-py, with the one that runs this; print it as JSON.

    python tools/version_facts.py PORT

It needs nothing but redis-py, and a Redis on 127.0.0.1 that is its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
import redis.asyncio

BURST = 300
PASSWORD = "does-not-matter"


class Listening(redis.Connection):
    """A connection that notes what it sends by itself."""

    sent: list[str]

    def send_command(self, *arguments: Any, **options: Any) -> Any:
        self.sent = [*getattr(self, "sent", []), " ".join(str(word) for word in arguments[:2])]
        return super().send_command(*arguments, **options)


def retries(connection: Any) -> int:
    return int(connection.retry._retries)


def name_and_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def handshake(at: dict[str, Any]) -> str:
    connection = redis.ConnectionPool(connection_class=Listening, **at).get_connection("PING")
    connection.disconnect()
    return ", ".join(connection.sent) or "nothing"


def exhausted(at: dict[str, Any]) -> str:
    pool = redis.ConnectionPool(max_connections=1, **at)
    held = pool.get_connection("PING")
    try:
        pool.get_connection("PING")
    except redis.RedisError as error:
        return name_and_text(error)
    finally:
        pool.release(held)
        pool.disconnect()
    return "a connection"


def kill_all_but(r: redis.Redis) -> None:
    """Close every connection to the server but this client's."""
    r.client_kill_filter(_type="normal", skipme=True)


def next_reply_after_one_unread(at: dict[str, Any], protocol: int) -> str:
    pool = redis.ConnectionPool(max_connections=1, protocol=protocol, **at)
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    connection = pool.get_connection("PING")
    connection.send_command("ECHO", "SECRET")
    connection.can_read(timeout=5)  # Until the reply is there.
    pool.release(connection)
    try:
        reply = r.get("greeting")
    except redis.RedisError as error:
        return name_and_text(error)
    finally:
        pool.disconnect()
    return "the right one" if reply == b"hello" else "the unread one"


def stale_idle(at: dict[str, Any], other: redis.Redis) -> str:
    pool = redis.ConnectionPool(**at)
    r = redis.Redis(connection_pool=pool)
    r.ping()
    kill_all_but(other)
    try:
        r.ping()
    except redis.RedisError as error:
        return type(error).__name__
    finally:
        pool.disconnect()
    return "recovers"


async def async_exhausted(at: dict[str, Any]) -> str:
    pool = redis.asyncio.ConnectionPool(max_connections=1, **at)
    held = await pool.get_connection("PING")
    try:
        await pool.get_connection("PING")
    except redis.RedisError as error:
        return name_and_text(error)
    finally:
        await pool.release(held)
        await pool.disconnect()
    return "a connection"


async def async_stale_idle(at: dict[str, Any], other: redis.Redis) -> str:
    pool = redis.asyncio.ConnectionPool(**at)
    r = redis.asyncio.Redis(connection_pool=pool)
    await r.ping()
    kill_all_but(other)
    await asyncio.sleep(0.1)  # The loop learns that it was closed.
    try:
        await r.ping()
    except redis.RedisError as error:
        return type(error).__name__
    finally:
        await pool.disconnect()
    return "recovers"


async def async_burst(at: dict[str, Any], other: redis.Redis) -> str:
    """Let 300 tasks send a command at once through one client; say how many connections the server accepted."""
    before = accepted(other)
    pool = redis.asyncio.ConnectionPool(**at)
    r = redis.asyncio.Redis(connection_pool=pool)
    replies = await asyncio.gather(*(r.get("greeting") for _ in range(BURST)), return_exceptions=True)
    await pool.disconnect()
    refused = sum(isinstance(reply, redis.RedisError) for reply in replies)
    return f"{accepted(other) - before} connections, {refused} refused"


def accepted(r: redis.Redis) -> int:
    return int(r.info("stats")["total_connections_received"])


def facts(at: dict[str, Any]) -> dict[str, Any]:
    other = redis.Redis(**at)
    made = redis.Redis(host="127.0.0.1").connection_pool.make_connection()
    plain = redis.ConnectionPool(host="127.0.0.1").make_connection()
    from_url = redis.Redis.from_url("redis://127.0.0.1").connection_pool.make_connection()
    pool = redis.ConnectionPool(host="127.0.0.1", password=PASSWORD)
    measured: dict[str, Callable[[], Any]] = {
        "default limit": lambda: pool.max_connections,
        "default limit, blocking": lambda: redis.BlockingConnectionPool().max_connections,
        "retries of Redis(host=…)": lambda: retries(made),
        "retries of a pool": lambda: retries(plain),
        "retries of from_url": lambda: retries(from_url),
        "socket_timeout": lambda: plain.socket_timeout,
        "socket_connect_timeout": lambda: plain.socket_connect_timeout,
        "keepalive": lambda: bool(plain.socket_keepalive),
        "protocol": lambda: int(plain.protocol),
        "handshake": lambda: handshake(at),
        "exhausted": lambda: exhausted(at),
        "exhausted, asyncio": lambda: asyncio.run(async_exhausted(at)),
        f"{BURST} tasks, default pool": lambda: asyncio.run(async_burst(at, other)),
        "stale idle": lambda: stale_idle(at, other),
        "stale idle, asyncio": lambda: asyncio.run(async_stale_idle(at, other)),
        "unread reply, then GET": lambda: next_reply_after_one_unread(at, plain.protocol),
        "the same with protocol=2": lambda: next_reply_after_one_unread(at, 2),
        "the same with protocol=3": lambda: next_reply_after_one_unread(at, 3),
        "repr(pool) shows the password": lambda: PASSWORD in repr(pool),
        "get_connection_count": lambda: hasattr(pool, "get_connection_count"),
        "with pool": lambda: hasattr(pool, "__enter__"),
        "Sentinel.close": lambda: hasattr(redis.Sentinel, "close"),
    }
    return {"redis-py": redis.__version__, **{name: measure() for name, measure in measured.items()}}


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # Newer versions say that get_connection("PING") needs no argument any more.
    with suppress(KeyboardInterrupt):
        print(json.dumps(facts({"host": "127.0.0.1", "port": int(sys.argv[1])})))
