"""Answers to who-closes: the mistakes that learners make, and other right ways."""

import functools
import queue

import redis


def closes_clients_not_the_pool(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    parts = []

    def new_part():
        parts.append(redis.Redis(connection_pool=pool))
        return parts[-1]

    def close_shop():
        for part in parts:
            part.close()

    return new_part, close_shop


def from_pool(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    return functools.partial(redis.Redis.from_pool, pool), pool.disconnect


def one_client_for_all(host, port):
    client = redis.Redis(host=host, port=port)
    return lambda: client, client.close


def client_for_each(host, port):
    parts = []

    def new_part():
        parts.append(redis.Redis(host=host, port=port))
        return parts[-1]

    def close_shop():
        while parts:
            parts.pop().close()

    return new_part, close_shop


def limit_of_one(host, port):
    # "10 parts open 1 connection, so the limit is 1."
    pool = redis.ConnectionPool(host=host, port=port, max_connections=1)
    return functools.partial(redis.Redis, connection_pool=pool), pool.close


def closing_part_disconnects_idle(host, port):
    pool = redis.ConnectionPool(host=host, port=port)

    class Part(redis.Redis):
        def close(self):
            self.connection_pool.disconnect(inuse_connections=False)

    return functools.partial(Part, connection_pool=pool), pool.disconnect


def kills_everybody(host, port):
    # "At the end nobody is left, so end all connections on the server."
    pool = redis.ConnectionPool(host=host, port=port)

    def close_shop():
        with redis.Redis(host=host, port=port) as r:
            r.client_kill_filter(_type="normal", skipme=True)

    return functools.partial(redis.Redis, connection_pool=pool), close_shop


def queue_of_two_clients(host, port):
    # a queue of ready clients; nobody puts them back
    ready = queue.Queue()
    clients = [redis.Redis(host=host, port=port) for _ in range(2)]
    for client in clients:
        ready.put(client)

    def close_shop():
        for client in clients:
            client.close()

    return lambda: ready.get(timeout=1), close_shop


def two_in_turn(host, port):
    # "2 parts at a time, so two clients in turn."
    clients = [redis.Redis(host=host, port=port) for _ in range(2)]
    turn = iter(clients * 1000)

    def close_shop():
        for client in clients:
            client.close()

    return lambda: next(turn), close_shop


def quits(host, port):
    pool = redis.ConnectionPool(host=host, port=port)

    def close_shop():
        redis.Redis(connection_pool=pool).execute_command("QUIT")

    return functools.partial(redis.Redis, connection_pool=pool), close_shop


def releases_at_the_end(host, port):
    # "close_shop only has to forget the pool." Something else still holds it.
    pool = redis.ConnectionPool(host=host, port=port)

    def close_shop():
        nonlocal pool
        kept.append(pool)
        pool = None

    kept = []
    return lambda: redis.Redis(connection_pool=pool), close_shop


def partials_on_one_pool(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=5)
    return functools.partial(redis.Redis, connection_pool=pool), pool.disconnect


def owner_lends_its_pool(host, port):
    owner = redis.Redis.from_url(f"redis://{host}:{port}")
    return lambda: redis.Redis(connection_pool=owner.connection_pool), owner.close


def parts_that_do_not_close(host, port):
    class Part(redis.Redis):
        def close(self):
            """A part only leaves; the shop closes."""

    shop = Part(host=host, port=port)
    return lambda: shop, lambda: redis.Redis.close(shop)


WRONG = {
    closes_clients_not_the_pool: "still n connection open after close_shop: closing clients of a shared pool leaves it",
    from_pool: "the other part was cut off",
    one_client_for_all: "closing the shared client cut the other part off",
    client_for_each: "10 parts opened 10 connections",
    limit_of_one: "two cannot work at the same moment",
    closing_part_disconnects_idle: "10 parts opened 10",
    kills_everybody: "a stranger's connection was ended",
    queue_of_two_clients: "third part got no client (Empty)",
    two_in_turn: "closing cuts, or 10 parts open 2+",
    quits: "connections still open",
    releases_at_the_end: "connections still open",
}
ALSO_RIGHT = [partials_on_one_pool, owner_lends_its_pool, parts_that_do_not_close]
