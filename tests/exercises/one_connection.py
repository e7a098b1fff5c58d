"""Answers to `one-connection`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
import queue
import threading

import redis


def closes_properly(host, port):  # "always close what you open", after each command
    def count_view(page):
        with redis.Redis(host=host, port=port) as r:
            return r.incr(f"views:{page}")

    return count_view


def pool_for_each_call(host, port):  # "I use a pool, so connections are reused"
    def count_view(page):
        pool = redis.ConnectionPool(host=host, port=port, max_connections=1)
        r = redis.Redis(connection_pool=pool)
        return r.incr(f"views:{page}")

    return count_view


def closes_after_each_call(host, port):  # "an idle connection costs something"
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        try:
            return r.incr(f"views:{page}")
        finally:
            r.close()

    return count_view


def client_for_each_page(host, port):  # "a connection belongs to a key"
    @functools.cache
    def client(page):
        return redis.Redis(host=host, port=port)

    def count_view(page):
        return client(page).incr(f"views:{page}")

    return count_view


def counts_in_python(host, port):  # "fewer commands, fewer connections"
    seen = {}

    def count_view(page):
        seen[page] = seen.get(page, 0) + 1
        return seen[page]

    return count_view


def keeps_a_connection(host, port):  # "to have one connection, I take one"
    pool = redis.ConnectionPool(host=host, port=port)
    connection = pool.get_connection()

    def count_view(page):
        connection.send_command("INCR", f"views:{page}")
        return connection.read_response()

    return count_view


def keeps_a_connection_in_the_client(host, port):  # "single connection: just what is asked for"
    r = redis.Redis(host=host, port=port, single_connection_client=True)
    return lambda page: r.incr(f"views:{page}")


def reads_then_writes(host, port):  # "it is the only program that counts"
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        views = int(r.get(f"views:{page}") or 0) + 1
        r.set(f"views:{page}", views)
        return views

    return count_view


WRONG = {
    closes_properly: "Each call closed its own again",
    pool_for_each_call: "Each call creates a new pool",
    closes_after_each_call: "All of them belong to one pool",
    client_for_each_page: "one for each of two pages",
    counts_in_python: "A count that is kept in Python",
    keeps_a_connection: "A connection that your code borrows itself",
    keeps_a_connection_in_the_client: "A client with `single_connection_client=True`",
    reads_then_writes: "sent GET and SET 100 times each",
}


def remembers_the_answer(host, port):
    @functools.lru_cache
    def count_view(page):
        return redis.Redis(host=host, port=port).incr(f"views:{page}")

    return count_view


def gives_nothing_back(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        r.incr(f"views:{page}")

    return count_view


def makes_and_loses(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        return r.incr(f"views:{page}")


def calls_it_already(host, port):
    return redis.Redis(host=host, port=port).incr("views:home")


def one_counter_for_all(host, port):
    r = redis.Redis(host=host, port=port)
    return lambda page: r.incr("views:home")


def misspells_the_key(host, port):
    r = redis.Redis(host=host, port=port)
    return lambda page: r.incr(f"view:{page}")


def needs_a_loop(host, port):
    r = redis.asyncio.Redis(host=host, port=port)

    async def count_view(page):
        return await r.incr(f"views:{page}")

    return count_view


def returns_text(host, port):
    r = redis.Redis(host=host, port=port)
    return lambda page: str(r.incr(f"views:{page}"))


ALSO_WRONG = {
    remembers_the_answer: "returned `1` and `1`",
    gives_nothing_back: "`count_view` returned `None`",
    makes_and_loses: "`make_counter` returned `None`",
    calls_it_already: "Was it called already?",
    one_counter_for_all: "the two counters are 100 and 0",
    misspells_the_key: "Which keys does your code count in?",
    needs_a_loop: "`count_view` is an `async def`",
    returns_text: "returned `'1'`",
}


# -- right in other words


def client_for_each_call(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=1, queue_class=queue.Queue)

    def count_view(page):
        with redis.Redis(connection_pool=pool) as r:
            return r.incrby(f"views:{page}", 1)

    return count_view


def client_made_when_first_asked(host, port):
    @functools.cache
    def client():
        return redis.Redis.from_url(f"redis://{host}:{port}")

    def count_view(page):
        with client().pipeline() as pipe:
            return pipe.incr(f"views:{page}").execute()[0]

    return count_view


def client_for_each_thread(host, port):
    local = threading.local()

    def count_view(page):
        if not hasattr(local, "r"):
            local.r = redis.Redis(host=host, port=port)
        return local.r.incr(f"views:{page}")

    return count_view


def watches_the_key(host, port):
    pipe = redis.Redis(host=host, port=port).pipeline()

    def count_view(page):
        pipe.watch(f"views:{page}")
        views = int(pipe.get(f"views:{page}") or 0) + 1
        pipe.multi()
        pipe.set(f"views:{page}", views)
        pipe.execute()
        return views

    return count_view


class Counter:
    def __init__(self, host, port):
        self.pool = redis.ConnectionPool(host=host, port=port, max_connections=1)

    def __call__(self, page):
        connection = self.pool.get_connection()
        try:
            connection.send_command("INCR", f"views:{page}")
            return connection.read_response()
        finally:
            self.pool.release(connection)


ALSO_RIGHT = [
    client_for_each_call,
    client_made_when_first_asked,
    client_for_each_thread,
    watches_the_key,
    Counter,
]
