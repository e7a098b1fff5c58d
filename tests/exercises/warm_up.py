"""Answers to `warm-up`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import redis


def returns_before_it_borrows_again(pool):  # "each call opens another one"
    for _ in range(3):
        connection = pool.get_connection()
        pool.release(connection)
    pool.get_connection()


def returns_none(pool):
    first = pool.get_connection()
    second = pool.get_connection()
    third = pool.get_connection()


def returns_all(pool):
    borrowed = [pool.get_connection() for _ in range(3)]
    for connection in borrowed:
        pool.release(connection)


def disconnects_them(pool):  # "to return a connection is to close it"
    borrowed = [pool.get_connection() for _ in range(3)]
    for connection in borrowed[1:]:
        connection.disconnect()
        pool.release(connection)


def uses_a_client(pool):  # "three commands, three connections"
    r = redis.Redis(connection_pool=pool)
    for _ in range(3):
        r.ping()


def fills_the_pool(pool):  # "the limit is what it holds"
    borrowed = [pool.get_connection() for _ in range(5)]
    for connection in borrowed[:4]:
        pool.release(connection)


def borrows_too_many(pool):
    return [pool.get_connection() for _ in range(6)]


def makes_its_own_pool(pool):
    own = redis.ConnectionPool(**pool.connection_kwargs, max_connections=5)
    borrowed = [own.get_connection() for _ in range(3)]
    own.release(borrowed[0])
    own.release(borrowed[1])
    return own


WRONG = {
    returns_before_it_borrows_again: "1 in use and 0 idle",
    returns_none: "How many of them have to be returned?",
    returns_all: "0 in use and 3 idle",
    disconnects_them: "your code closed the others",
    uses_a_client: "the pool opens another only when none is idle",
    fills_the_pool: "That makes 5 connections",
    borrows_too_many: "MaxConnectionsError: Too many connections",
    makes_its_own_pool: "Which line opens the others?",
}


def closes_the_pool(pool):
    borrowed = [pool.get_connection() for _ in range(3)]
    pool.release(borrowed[0])
    pool.release(borrowed[1])
    pool.close()


def does_nothing(pool):
    return "1 in use, 2 idle"


def raises_the_limit(pool):
    pool.max_connections = 10
    borrowed = [pool.get_connection() for _ in range(3)]
    pool.release(borrowed[0])
    pool.release(borrowed[1])


def forgets_one(pool):
    first = pool.get_connection()
    second = pool.get_connection()
    pool.release(first)


ALSO_WRONG = {
    closes_the_pool: "your code closed the others",
    does_nothing: "so nothing was borrowed",
    raises_the_limit: "`max_connections` was `5` and is now `10`",
    forgets_one: "That's 2 connections and not 3",
}


# -- right in other words


def with_a_list(pool):
    borrowed = [pool.get_connection() for _ in range(3)]
    while len(borrowed) > 1:
        pool.release(borrowed.pop())


def borrows_one_again(pool):
    borrowed = [pool.get_connection() for _ in range(3)]
    for connection in borrowed:
        pool.release(connection)
    return pool.get_connection()


def by_subscribing(pool):  # a subscription keeps its connection
    listener = redis.Redis(connection_pool=pool).pubsub()
    listener.subscribe("news")
    first, second = pool.get_connection(), pool.get_connection()
    pool.release(first)
    pool.release(second)
    return listener


ALSO_RIGHT = [with_a_list, borrows_one_again, by_subscribing]
