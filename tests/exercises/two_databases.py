"""Answers to `two-databases`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import redis

Function = Callable[..., Any]


def db_on_the_client(host, port):  # "db on the client overrides the pool"
    pool = redis.ConnectionPool(host=host, port=port)
    views = redis.Redis(connection_pool=pool, db=0)
    orders = redis.Redis(connection_pool=pool, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def selects_once(host, port):  # "the client stays in its database"
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


def there_and_not_back(host, port):  # "the next command begins in database 0 again"
    r = redis.Redis(host=host, port=port)

    def take_order(order):
        r.select(1)
        return r.rpush("orders", order)

    return lambda: r.incr("views:home"), take_order


def client_for_each_call(host, port):  # "a fresh client is surely in the right database"
    def count_view():
        with redis.Redis(host=host, port=port, db=0) as r:
            return r.incr("views:home")

    def take_order(order):
        with redis.Redis(host=host, port=port, db=1) as r:
            return r.rpush("orders", order)

    return count_view, take_order


def by_its_name(host, port):  # a database is no prefix
    r = redis.Redis(host=host, port=port)
    return lambda: r.incr("views:home"), lambda order: r.rpush("1:orders", order)


def returns_nothing(host, port):  # "counting is all that is asked"
    views, orders = redis.Redis(host=host, port=port), redis.Redis(host=host, port=port, db=1)

    def count_view():
        views.incr("views:home")

    def take_order(order):
        orders.rpush("orders", order)

    return count_view, take_order


def get_then_set(host, port):  # "reading and writing are one step"
    views, orders = redis.Redis(host=host, port=port, db=0), redis.Redis(host=host, port=port, db=1)

    def count_view():
        number = int(views.get("views:home") or 0) + 1
        views.set("views:home", number)
        return number

    return count_view, lambda order: orders.rpush("orders", order)


WRONG = {
    db_on_the_client: "All of them are in database 0",
    selects_once: "Did the whole pool change",
    there_and_back: "two commands",
    there_and_not_back: "the database that was selected last",
    client_for_each_call: "opened 10 connections",
    by_its_name: "Some are in neither",
    returns_nothing: "returned `None` from `count_view`",
    get_then_set: "some views are missing",
}


# -- the same mistakes in other shapes


def the_other_way_round(host, port):  # mixes up the numbers
    views, orders = redis.Redis(host=host, port=port, db=1), redis.Redis(host=host, port=port)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def at_the_front(host, port):  # "LPUSH appends"
    views, orders = redis.Redis(host=host, port=port), redis.Redis(host=host, port=port, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.lpush("orders", order)


def appends_to_a_text(host, port):  # "a list has an append"
    views, orders = redis.Redis(host=host, port=port), redis.Redis(host=host, port=port, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.append("orders", order)


def stores_something_else(host, port):  # forgets the argument
    views, orders = redis.Redis(host=host, port=port), redis.Redis(host=host, port=port, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", "order")


def too_few_places(host, port):  # "at most 2 connections, so one for each pool"
    views = redis.Redis(host=host, port=port, max_connections=1)
    orders = redis.Redis(host=host, port=port, db=1, max_connections=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def two_clients(host, port):  # "a client is a function"
    views = redis.Redis(host=host, port=port, max_connections=1)
    orders = redis.Redis(host=host, port=port, db=1, max_connections=1)
    return views, orders


def lock_around_select_only(host, port):  # "SELECT is the dangerous part"
    r = redis.Redis(host=host, port=port)
    lock = threading.Lock()

    def count_view():
        with lock:
            r.select(0)
        return r.incr("views:home")

    def take_order(order):
        with lock:
            r.select(1)
        return r.rpush("orders", order)

    return count_view, take_order


def url_has_the_other_database(host, port):
    # "db=1 beside the URL wins." The URL wins.
    url = f"redis://{host}:{port}/0"
    views, orders = redis.from_url(url), redis.from_url(url, db=1)
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def moves_the_order_afterwards(host, port):
    # writes into 0 and moves: two commands, and the list in 1 exists already
    r = redis.Redis(host=host, port=port, db=0)

    def take_order(order):
        number = r.rpush("orders", order)
        r.move("orders", 1)
        return number

    return lambda: r.incr("views:home"), take_order


def counts_at_home(host, port):
    # a cheat: numbers from a local counter, written now and then
    views, orders = redis.Redis(host=host, port=port, db=0), redis.Redis(host=host, port=port, db=1)
    number = 0

    def count_view():
        nonlocal number
        number += 1
        views.set("views:home", number)
        return number

    return count_view, lambda order: orders.rpush("orders", order)


def asks_again_for_the_number(host, port):  # INCR, and GET to see what came of it
    views, orders = redis.Redis(host=host, port=port, db=0), redis.Redis(host=host, port=port, db=1)

    def count_view():
        views.incr("views:home")
        return int(views.get("views:home"))

    return count_view, lambda order: orders.rpush("orders", order)


ALSO_WRONG = {
    the_other_way_round: "They are swapped",
    at_the_front: "At which end",
    appends_to_a_text: "the key `orders` holds a string",
    stores_something_else: "`b'milk'` was ordered",
    too_few_places: "too few connections for 8 threads",
    two_clients: "without parentheses",
    lock_around_select_only: "two commands",
    url_has_the_other_database: "A database in a URL wins",
    moves_the_order_afterwards: "Which command writes an order",
    counts_at_home: "or another program, had added meanwhile",
    asks_again_for_the_number: "did not return each number once",
}


# -- right in other words


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

    def in_database(db: int) -> Any:
        return redis.Redis(connection_pool=pools[db])

    return [lambda: in_database(0).incrby("views:home", 1), lambda order: in_database(1).rpush("orders", order)]


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


def select_in_a_pipeline(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view():
        with r.pipeline(transaction=False) as pipe:
            return pipe.select(0).incr("views:home").execute()[-1]

    def take_order(order):
        with r.pipeline(transaction=False) as pipe:
            return pipe.select(1).rpush("orders", order).execute()[-1]

    return count_view, take_order


def urls_with_the_database(host, port):
    views = redis.from_url(f"redis://{host}:{port}/0")
    orders = redis.from_url(f"redis://{host}:{port}?db=1")
    return lambda: views.incr("views:home"), lambda order: orders.rpush("orders", order)


def one_connection_at_a_time(host, port):
    r = redis.Redis(host=host, port=port)

    def on_one_connection(database, *words):
        with r.client() as one:
            one.select(database)
            return one.execute_command(*words)

    return (
        lambda: on_one_connection(0, "INCR", "views:home"),
        lambda order: on_one_connection(1, "RPUSH", "orders", order),
    )


ALSO_RIGHT = [
    one_connection_at_a_time,
    select_behind_a_lock,
    pools_by_number,
    select_on_one_connection,
    select_in_a_pipeline,
    urls_with_the_database,
]
