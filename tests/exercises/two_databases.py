"""Answers to `two-databases`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import redis


def told_the_client(host, port):  # "db on the client overrides the pool"
    pool = redis.ConnectionPool(host=host, port=port)
    views = redis.Redis(connection_pool=pool, db=0)
    orders = redis.Redis(connection_pool=pool, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def selects_once(host, port):  # "the client stays in its drawer"
    pool = redis.ConnectionPool(host=host, port=port)
    views, orders = redis.Redis(connection_pool=pool), redis.Redis(connection_pool=pool)
    orders.select(1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def there_and_back(host, port):  # "if I put it back, nobody notices"
    r = redis.Redis(host=host, port=port)

    def count_view():
        return r.incr("views:home")

    def take_order(order):
        r.select(1)
        try:
            return r.rpush("orders", order)
        finally:
            r.select(0)

    return count_view, take_order


def there_and_not_back(host, port):
    r = redis.Redis(host=host, port=port)

    def take_order(order):
        r.select(1)
        return r.rpush("orders", order)

    return lambda: r.incr("views:home"), take_order


def client_for_each_call(host, port):
    def count_view():
        with redis.Redis(host=host, port=port, db=0) as r:
            return r.incr("views:home")

    def take_order(order):
        with redis.Redis(host=host, port=port, db=1) as r:
            return r.rpush("orders", order)

    return count_view, take_order


def by_its_name(host, port):  # a drawer is no prefix
    r = redis.Redis(host=host, port=port)
    return lambda: r.incr("views:home"), lambda order: r.rpush("1:orders", order)


def keeps_the_numbers(host, port):
    views, orders = redis.Redis(host=host, port=port), redis.Redis(host=host, port=port, db=1)

    def count_view():
        views.incr("views:home")

    def take_order(order):
        orders.rpush("orders", order)

    return count_view, take_order


def the_other_way_round(host, port):
    views, orders = redis.Redis(host=host, port=port, db=1), redis.Redis(host=host, port=port)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def at_the_front(host, port):
    views, orders = redis.Redis(host=host, port=port), redis.Redis(host=host, port=port, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.lpush("orders", order)


def stores_something_else(host, port):
    views, orders = redis.Redis(host=host, port=port), redis.Redis(host=host, port=port, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", "order")


def too_few_places(host, port):
    views = redis.Redis(host=host, port=port, max_connections=1)
    orders = redis.Redis(host=host, port=port, db=1, max_connections=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def two_clients(host, port):
    views = redis.Redis(host=host, port=port, max_connections=1)
    orders = redis.Redis(host=host, port=port, db=1, max_connections=1)
    return views, orders


WRONG = {
    told_the_client: "nobody has ever gone to drawer 1",
    selects_once: "the whole pool",
    there_and_back: "two commands",
    there_and_not_back: "Where was each connection sent last",
    client_for_each_call: "one in each drawer",
    by_its_name: "Some are nowhere",
    keeps_the_numbers: "returned `None` from `count_view`",
    the_other_way_round: "Which of the two functions",
    at_the_front: "At which end",
    stores_something_else: "`b'milk'` was ordered",
    too_few_places: "too few places",
    two_clients: "without parentheses",
}


# -- right in other words


Function = Callable[..., Any]


def select_behind_a_lock(host: str, port: int) -> tuple[Function, Function]:
    r = redis.Redis(host=host, port=port)
    lock = threading.Lock()

    def count_view() -> Any:
        with lock:
            r.select(0)
            return r.incr("views:home")

    def take_order(order: str) -> Any:
        with lock:
            r.select(1)
            return r.rpush("orders", order)

    return count_view, take_order


def pools_by_number(host: str, port: int) -> Any:
    pools = [redis.BlockingConnectionPool(host=host, port=port, db=db, max_connections=2) for db in (0, 1)]

    def in_drawer(db: int) -> Any:
        return redis.Redis(connection_pool=pools[db])

    return [lambda: in_drawer(0).incrby("views:home", 1), lambda order: in_drawer(1).rpush("orders", order)]


def select_on_one_connection(host: str, port: int) -> tuple[Function, Function]:
    pool = redis.ConnectionPool(host=host, port=port)
    r = redis.Redis(connection_pool=pool)

    def take_order(order: str) -> Any:
        connection = pool.get_connection()
        try:
            connection.send_command("SELECT", 1)
            connection.read_response()
            connection.send_command("RPUSH", "orders", order)
            return connection.read_response()
        finally:
            connection.send_command("SELECT", 0)
            connection.read_response()
            pool.release(connection)

    return lambda: r.incr("views:home"), take_order


ALSO_RIGHT = [select_behind_a_lock, pools_by_number, select_on_one_connection]
