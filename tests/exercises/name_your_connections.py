"""Answers to `name-your-connections`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
from typing import Any

import redis


def names_the_client(host, port, module):  # "arguments of the client reach its pool"
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
    redis.Redis(connection_pool=pool, client_name=f"shop:{module}")
    return pool


def names_one(host, port, module):  # "the name belongs to the client, and I have one client"
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
    redis.Redis(connection_pool=pool).client_setname(f"shop:{module}")
    return pool


def names_all_by_hand(host, port, module):  # right until the first one is cut
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
    borrowed = [pool.get_connection() for _ in range(3)]
    for connection in borrowed:
        connection.send_command("CLIENT", "SETNAME", f"shop:{module}")
        connection.read_response()
        pool.release(connection)
    return pool


def with_a_space(host, port, module):  # "a name is any text"
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name=f"shop: {module}")


def module_only(host, port, module):  # "the module is the name"
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name=module)


def one_name_for_all(host, port, module):  # reads the example in the prompt
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name="shop:greetings")


def other_argument(host, port, module):  # "the argument is called name"
    return redis.ConnectionPool(host=host, port=port, max_connections=3, name=f"shop:{module}")


def without_limit(host, port, module):  # "a pool is small by itself"
    return redis.ConnectionPool(host=host, port=port, client_name=f"shop:{module}")


WRONG = {
    names_the_client: "Which of your lines gives the name to the pool",
    names_one: "1 has a name and 2 have none",
    names_all_by_hand: "They had their names before",
    with_a_space: "Which characters are in yours?",
    module_only: "is called `'greetings'`",
    one_name_for_all: "A connection of the module `counters` is called `'shop:greetings'`",
    other_argument: "How is each one spelled?",
    without_limit: "The limit of the pool is 100",
}


# -- the same mistakes in other shapes


def names_in_make_connection(host, port, module):  # "a connection that is made stays connected"
    class Named(redis.ConnectionPool):
        def make_connection(self):
            connection = super().make_connection()
            connection.connect()
            connection.send_command("CLIENT SETNAME", f"shop:{module}")
            connection.read_response()
            return connection

    return Named(host=host, port=port, max_connections=3)


def forgotten_f(host, port, module):  # forgets the f before the quotes
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name="shop:{module}")


@functools.cache
def _pool(host, port):
    return redis.ConnectionPool(host=host, port=port, max_connections=3)


def one_pool_for_all_modules(host, port, module):  # "same server, same pool"
    pool = _pool(host, port)
    pool.connection_kwargs["client_name"] = f"shop:{module}"
    return pool


def a_client(host, port, module):  # "the pool comes with the client"
    return redis.Redis(host=host, port=port, client_name=f"shop:{module}", max_connections=3)


def numbered(host, port, module):  # "each name must be unique"
    numbers = iter(range(1, 1000))

    class Named(redis.Connection):
        def __init__(self, **how):
            super().__init__(**how, client_name=f"shop:{module}:{next(numbers)}")

    return redis.ConnectionPool(connection_class=Named, host=host, port=port, max_connections=3)


def overrides_what_is_not_called(host, port, module):  # redis-py 8.1 does not call `on_connect` when it connects
    class Named(redis.Connection):
        def on_connect(self):
            super().on_connect()
            self.send_command("CLIENT SETNAME", f"shop:{module}")
            self.read_response()

    return redis.ConnectionPool(connection_class=Named, host=host, port=port, max_connections=3)


def one_connection_only(host, port, module):  # "one module, one connection"
    return redis.ConnectionPool(host=host, port=port, max_connections=1, client_name=f"shop:{module}")


ALSO_WRONG = {
    names_in_make_connection: "They had their names before",
    forgotten_f: "is called `'shop:{module}'`",
    one_pool_for_all_modules: "is called `'shop:counters'`",
    a_client: "returned a client",
    numbered: "is called `'shop:greetings:1'`",
    overrides_what_is_not_called: "redis-py never called the method",
    one_connection_only: "Its limit is 1.",
}


# -- right in other words


def named_in_the_url(host: str, port: int, module: str) -> Any:
    return redis.BlockingConnectionPool.from_url(f"redis://{host}:{port}?client_name=shop:{module}&max_connections=3")


def the_pool_of_a_named_client(host: str, port: int, module: str) -> Any:
    return redis.Redis(host=host, port=port, max_connections=3, client_name=f"shop:{module}").connection_pool


def says_it_by_hand(host: str, port: int, module: str) -> Any:
    def introduce(connection: Any) -> None:
        connection.on_connect()
        connection.send_command("CLIENT", "SETNAME", f"shop:{module}")
        connection.read_response()

    return redis.ConnectionPool(host=host, port=port, max_connections=3, redis_connect_func=introduce)


def names_when_borrowed(host, port, module):
    class Named(redis.ConnectionPool):
        def get_connection(self, *args, **options):
            connection = super().get_connection(*args, **options)
            connection.send_command("CLIENT SETNAME", f"shop:{module}")
            connection.read_response()
            return connection

    return Named(host=host, port=port, max_connections=3)


ALSO_RIGHT = [
    named_in_the_url,
    the_pool_of_a_named_client,
    says_it_by_hand,
    names_when_borrowed,
]
