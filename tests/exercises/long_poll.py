"""Answers to `long-poll`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis


def _orders_by(kitchen: redis.Redis) -> Callable[[float], Any]:
    def next_order(seconds: float) -> Any:
        reply: Any = kitchen.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def on_the_shops_pool(web, host, port):  # "a client's own settings win over the pool's"
    return _orders_by(redis.Redis(connection_pool=web.connection_pool, socket_timeout=None))


def as_hasty_as_the_shop(web, host, port):
    return _orders_by(redis.Redis(host=host, port=port, socket_timeout=0.2))


def hasty_without_retry(web, host, port):
    return _orders_by(redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, socket_timeout=0.2)))


def with_the_default(web, host, port):  # "a client of its own waits as long as it likes"
    return _orders_by(redis.Redis(host=host, port=port))


def with_another_command(web, host, port):
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        reply = kitchen.brpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def takes_silence_for_no(web, host, port):  # "a timeout means that there was no order"
    kitchen = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, socket_timeout=0.2))

    def next_order(seconds):
        try:
            return kitchen.blpop("orders", timeout=seconds)[1].decode()
        except redis.TimeoutError:
            return None

    return next_order


def asks_again_and_again(web, host, port):
    kitchen = redis.Redis(host=host, port=port)

    def next_order(seconds):
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            if order := kitchen.lpop("orders"):
                return order.decode()
            sleep(0.05)
        return None

    return next_order


def client_for_each_call(web, host, port):
    def next_order(seconds):
        with redis.Redis(host=host, port=port, socket_timeout=None) as kitchen:
            reply = kitchen.blpop("orders", timeout=seconds)
            return reply[1].decode() if reply else None

    return next_order


def waits_for_ever(web, host, port):
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        return kitchen.blpop("orders")[1].decode()

    return next_order


def in_bytes(web, host, port):
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        return kitchen.blpop("orders", timeout=seconds)

    return next_order


WRONG = {
    on_the_shops_pool: "a page got `MaxConnectionsError: Too many connections`",
    as_hasty_as_the_shop: "it hung up, connected and sent its `BLPOP` again",
    hasty_without_retry: "raised `TimeoutError: Timeout reading from socket`",
    takes_silence_for_no: "had returned `None` after",
    with_the_default: "on a connection whose `socket_timeout` is 5 s",
    with_another_command: "asked with `BRPOP`",
    asks_again_and_again: "received 0 BLPOP and",
    client_for_each_call: "Two calls opened 2 connections",
    waits_for_ever: "nothing had come back",
    in_bytes: "returned `(b'orders', b'tea')`",
}


# -- right in other words


Function = Callable[..., Any]


def with_a_longer_timeout(web: Any, host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=1, socket_timeout=90, protocol=2)
    kitchen = redis.Redis(connection_pool=pool)

    def next_order(seconds: float) -> Any:
        _, order = kitchen.blpop(["orders"], seconds) or (None, b"")
        return order.decode() or None

    return next_order


def with_a_single_connection(web: Any, host: str, port: int) -> Function:
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None, single_connection_client=True)

    def next_order(seconds: float) -> Any:
        reply = kitchen.blpop("orders", timeout=seconds)
        return reply and reply[1].decode()

    return next_order


def with_a_connection_kept_by_hand(web: Any, host: str, port: int) -> Function:
    pool = redis.ConnectionPool(host=host, port=port, decode_responses=True)
    connection = pool.get_connection()

    def next_order(seconds: float) -> Any:
        connection.send_command("BLPOP", "orders", seconds)
        reply = connection.read_response(timeout=seconds + 10)
        return reply[1] if reply else None

    return next_order


class Kitchen:
    """A method is a function too, and it opens its connection when it is first asked."""

    def __init__(self, host: str, port: int) -> None:
        self.where = {"host": host, "port": port}
        self.r: Any = None
        self.lock = threading.Lock()

    def next_order(self, seconds: float) -> Any:
        with self.lock:
            self.r = self.r or redis.Redis(**self.where, socket_timeout=None, single_connection_client=False)
        reply = self.r.execute_command("BLPOP", "orders", seconds)
        return reply[1].decode() if reply else None


def with_a_method(web: Any, host: str, port: int) -> Function:
    return Kitchen(host, port).next_order


ALSO_RIGHT = [with_a_longer_timeout, with_a_single_connection, with_a_connection_kept_by_hand, with_a_method]
