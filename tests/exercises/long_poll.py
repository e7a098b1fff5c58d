"""Answers to `long-poll`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Function = Callable[..., Any]


def _orders_by(kitchen: redis.Redis) -> Function:
    def next_order(seconds: float) -> Any:
        reply: Any = kitchen.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def on_the_shops_pool(web, host, port):  # "a client's own settings win over the pool's"
    return _orders_by(redis.Redis(connection_pool=web.connection_pool, socket_timeout=None))


def as_hasty_as_the_shop(web, host, port):  # "what is right for pages is right for the kitchen"
    return _orders_by(redis.Redis(host=host, port=port, socket_timeout=0.2))


def takes_silence_for_no(web, host, port):  # "a timeout means that there was no order"
    kitchen = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, socket_timeout=0.2))

    def next_order(seconds):
        try:
            return kitchen.blpop("orders", timeout=seconds)[1].decode()
        except redis.TimeoutError:
            return None

    return next_order


def with_the_default(web, host, port):  # "a client of its own waits as long as it likes"
    return _orders_by(redis.Redis(host=host, port=port))


def asks_again_and_again(web, host, port):  # "short commands never block"
    kitchen = redis.Redis(host=host, port=port)

    def next_order(seconds):
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            if order := kitchen.lpop("orders"):
                return order.decode()
            sleep(0.05)
        return None

    return next_order


def client_for_each_call(web, host, port):  # "a client of its own for each wait"
    def next_order(seconds):
        with redis.Redis(host=host, port=port, socket_timeout=None) as r:
            reply = r.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def waits_for_ever(web, host, port):  # "BLPOP knows when to stop"
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        return kitchen.blpop("orders")[1].decode()

    return next_order


def lifts_the_timeout_of_web(web, host, port):  # "the timeout is the problem, so it goes"
    def next_order(seconds):
        web.connection_pool.connection_kwargs["socket_timeout"] = None
        web.connection_pool.disconnect()
        reply = web.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


WRONG = {
    on_the_shops_pool: "a page got `MaxConnectionsError: Too many connections`",
    as_hasty_as_the_shop: "connected again and sent its `BLPOP` again",
    takes_silence_for_no: "had returned `None` before that",
    with_the_default: "whose `socket_timeout` is 5 s",
    asks_again_and_again: "sent `LPOP` again and again",
    client_for_each_call: "Two calls opened 2 connections",
    waits_for_ever: "it was still waiting",
    lifts_the_timeout_of_web: "`socket_timeout` was `0.2` and is now `None`",
}


# -- the same mistakes in other shapes


def hasty_without_retry(web, host, port):  # "without retries it waits longer"
    return _orders_by(redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, socket_timeout=0.2)))


def with_another_command(web, host, port):  # "all commands that wait are alike"
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        reply = kitchen.brpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def in_bytes(web, host, port):  # "BLPOP replies with the order"
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        return kitchen.blpop("orders", timeout=seconds)

    return next_order


def sixty_for_sixty(web, host, port):
    # "The longest wait is 60 s, so the timeout is 60 s."
    kitchen = redis.Redis(host=host, port=port, socket_timeout=60)

    def next_order(seconds):
        reply = kitchen.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def three_seconds(web, host, port):
    # enough for the 2 s that can be tried at once
    kitchen = redis.Redis(host=host, port=port, socket_timeout=3, retry=Retry(NoBackoff(), 0))

    def next_order(seconds):
        reply = kitchen.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def waits_for_two_seconds_always(web, host, port):  # reads the number in the prompt
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        reply = kitchen.blpop("orders", timeout=2)
        return reply[1].decode() if reply else None

    return next_order


def more_connections_for_web(web, host, port):
    # "One connection is too few: the kitchen needs a second one in the same pool."
    web.connection_pool.max_connections = 2

    def next_order(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                reply = web.blpop("orders", timeout=seconds)
            except redis.TimeoutError:
                continue
            return reply[1].decode() if reply else None
        return None

    return next_order


def own_client_in_short_steps(web, host, port):  # "short waits are safe from the timeout"
    kitchen = redis.Redis(host=host, port=port)

    def next_order(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            reply = kitchen.blpop("orders", timeout=0.1)
            if reply:
                return reply[1].decode()
        return None

    return next_order


ALSO_WRONG = {
    hasty_without_retry: "raised `TimeoutError: Timeout reading from socket`",
    with_another_command: "asked with `BRPOP`",
    in_bytes: "returned `(b'orders', b'tea')`",
    sixty_for_sixty: "whose `socket_timeout` is 60 s",
    three_seconds: "whose `socket_timeout` is 3 s",
    waits_for_two_seconds_always: "it was still waiting",
    more_connections_for_web: "`max_connections` was `1` and is now `2`",
    own_client_in_short_steps: "sent more than 1 `BLPOP`",
}


# -- right in other words


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


def settings_of_web_without_timeout(web, host, port):
    how = {**web.get_connection_kwargs(), "socket_timeout": None}
    kitchen = redis.Redis(connection_pool=redis.BlockingConnectionPool(max_connections=1, timeout=5, **how))

    class NextOrder:
        def __call__(self, seconds):
            reply = kitchen.blpop(["orders"], seconds)
            return reply[1].decode() if reply else None

    return NextOrder()


ALSO_RIGHT = [
    with_a_longer_timeout,
    with_a_single_connection,
    with_a_connection_kept_by_hand,
    with_a_method,
    settings_of_web_without_timeout,
]
