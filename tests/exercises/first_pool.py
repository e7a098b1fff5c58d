"""Answers to `first-pool`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading

import redis


def no_limit(host, port):  # "a pool keeps itself small"
    return redis.ConnectionPool(host=host, port=port, db=0)


def a_client(host, port):
    return redis.Redis(host=host, port=port, db=0, max_connections=5)


def forgets_return(host, port):
    redis.ConnectionPool(host=host, port=port, db=0, max_connections=5)


def misspelled(host, port):
    return redis.ConnectionPool(host=host, port=port, db=0, max_conections=5)


def without_names(host, port):
    return redis.ConnectionPool(host, port, 0, 5)


def quoted_names(host, port):
    return redis.ConnectionPool(host="host", port="port", db=0, max_connections=5)


def opens_one(host, port):  # "a pool opens its connections when it is made, so I do that"
    pool = redis.ConnectionPool(host=host, port=port, db=0, max_connections=5)
    pool.get_connection()
    return pool


def other_database(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, max_connections=5)


WRONG = {
    no_limit: "Its limit is 100: redis-py's own",
    a_client: "A client *uses* a pool",
    forgets_return: "returned `None`",
    misspelled: "unexpected keyword argument 'max_conections'",
    without_names: "was given arguments without names",
    quoted_names: "A name between quotes",
    opens_one: "in_use is 1 although no call is under way",
    other_database: "in database 1",
}


def host_and_port_without_names(host, port):
    return redis.ConnectionPool(host, port)


def too_big(host, port):
    return redis.ConnectionPool(host=host, port=port, db=0, max_connections=50)


def too_small(host, port):
    return redis.ConnectionPool(host=host, port=port, db=0, max_connections=4)


def always_localhost(host, port):
    return redis.ConnectionPool(host="localhost", port=6379, db=0, max_connections=5)


def for_asyncio(host, port):
    return redis.asyncio.ConnectionPool(host=host, port=port, db=0, max_connections=5)


def a_client_for_asyncio(host, port):
    return redis.asyncio.Redis(host=host, port=port, db=0, max_connections=5)


def encrypted(host, port):
    return redis.ConnectionPool(connection_class=redis.SSLConnection, host=host, port=port, max_connections=5)


def makes_it_later(host, port):
    return lambda: redis.ConnectionPool(host=host, port=port, max_connections=5)


def goes_around_its_limit(host, port):  # it says 5
    pool = redis.ConnectionPool(host=host, port=port, max_connections=5)
    pool.get_connection = redis.ConnectionPool(host=host, port=port, max_connections=50).get_connection
    return pool


ALSO_WRONG = {
    host_and_port_without_names: "redis-py takes these by name",
    too_big: "handed out 6 connections at once",
    too_small: "handed out 4 connections at once",
    always_localhost: "tried to connect to localhost:6379",
    for_asyncio: "a pool from `redis.asyncio`",
    a_client_for_asyncio: "A client *uses* a pool",
    encrypted: "are encrypted",
    makes_it_later: "which is a function",
    goes_around_its_limit: "`max_connections` says 5",
}


# -- right in other words


class CountsForItself(redis.ConnectionPool):
    """A pool of one's own, with a limit of its own making."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.places = threading.Semaphore(5)

    def get_connection(self, *args, **options):
        if not self.places.acquire(blocking=False):
            raise redis.MaxConnectionsError("Too many connections")
        return super().get_connection()

    def release(self, connection):
        super().release(connection)
        self.places.release()


def pool_of_a_client(host, port):
    r = redis.Redis(host=host, port=port, max_connections=5)
    r.ping()
    return r.connection_pool


def limited_afterwards(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    pool.max_connections = 5
    return pool


ALSO_RIGHT = [
    pool_of_a_client,
    limited_afterwards,
    lambda host, port: redis.BlockingConnectionPool(host=host, port=port, max_connections=5),
    lambda host, port: redis.ConnectionPool.from_url(f"redis://{host}:{port}/0", max_connections=5),
    lambda host, port: redis.ConnectionPool(max_connections=5, port=port, host="localhost", decode_responses=True),
    lambda *where: CountsForItself(**dict(zip(("host", "port"), where, strict=True))),
]
