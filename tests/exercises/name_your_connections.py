"""Answers to name-your-connections: the mistakes that learners make, and other right ways."""

import functools

import redis


def names_one_connection(host, port, module):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
    redis.Redis(connection_pool=pool).client_setname(f"shop:{module}")
    return pool


def names_all_three_in_advance(host, port, module):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
    borrowed = [pool.get_connection() for _ in range(3)]
    for connection in borrowed:
        connection.send_command("CLIENT SETNAME", f"shop:{module}")
        connection.read_response()
        pool.release(connection)
    return pool


def names_in_make_connection(host, port, module):
    class Named(redis.ConnectionPool):
        def make_connection(self):
            connection = super().make_connection()
            connection.connect()
            connection.send_command("CLIENT SETNAME", f"shop:{module}")
            connection.read_response()
            return connection

    return Named(host=host, port=port, max_connections=3)


def without_the_shop(host, port, module):
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name=module)


def forgotten_f(host, port, module):
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name="shop:{module}")


def always_greetings(host, port, module):
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name="shop:greetings")


@functools.lru_cache(maxsize=None)
def _pool(host, port):
    return redis.ConnectionPool(host=host, port=port, max_connections=3)


def one_pool_for_all_modules(host, port, module):
    pool = _pool(host, port)
    pool.connection_kwargs["client_name"] = f"shop:{module}"
    return pool


def name_of_the_library(host, port, module):
    return redis.ConnectionPool(host=host, port=port, max_connections=3, lib_name=f"shop:{module}")


def name_on_the_client(host, port, module):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
    return redis.Redis(connection_pool=pool, client_name=f"shop:{module}").connection_pool


def a_client(host, port, module):
    return redis.Redis(host=host, port=port, client_name=f"shop:{module}", max_connections=3)


def no_limit(host, port, module):
    return redis.ConnectionPool(host=host, port=port, client_name=f"shop:{module}")


def numbered(host, port, module):
    numbers = iter(range(1, 1000))

    class Named(redis.Connection):
        def __init__(self, **how):
            super().__init__(**how, client_name=f"shop:{module}:{next(numbers)}")

    return redis.ConnectionPool(connection_class=Named, host=host, port=port, max_connections=3)


def names_when_borrowed(host, port, module):
    class Named(redis.ConnectionPool):
        def get_connection(self, *args, **options):
            connection = super().get_connection(*args, **options)
            connection.send_command("CLIENT SETNAME", f"shop:{module}")
            connection.read_response()
            return connection

    return Named(host=host, port=port, max_connections=3)


def blocking_from_url(host, port, module):
    return redis.BlockingConnectionPool.from_url(
        f"redis://{host}:{port}?client_name=shop:{module}&max_connections=3&timeout=5"
    )


def on_connect(host, port, module):
    class Named(redis.Connection):
        def on_connect(self):
            super().on_connect()
            self.send_command("CLIENT SETNAME", f"shop:{module}")
            self.read_response()

    return redis.ConnectionPool(connection_class=Named, host=host, port=port, max_connections=3)


def pool_of_a_client(host, port, module):
    return redis.Redis(host=host, port=port, client_name=f"shop:{module}", max_connections=3).connection_pool


def connect_callback(host, port, module):
    def introduce(connection):
        connection.on_connect()
        connection.send_command("CLIENT SETNAME", f"shop:{module}")
        connection.read_response()

    return redis.ConnectionPool(host=host, port=port, max_connections=3, redis_connect_func=introduce)


WRONG = {
    names_one_connection: "only 1 of 3 has the name",
    names_all_three_in_advance: "after a cut the new one has no name",
    names_in_make_connection: "after a cut the new one has no name",
    without_the_shop: "called greetings, not shop:greetings",
    forgotten_f: "called shop:{module}: missing f",
    always_greetings: "with another module still shop:greetings",
    one_pool_for_all_modules: "the other module's connections",
    name_of_the_library: "no name: lib-name is another field",
    name_on_the_client: "no name: argument on a client with a pool is ignored",
    a_client: "returned a client instead of a pool",
    no_limit: "limit is 100",
    numbered: "called shop:greetings:1",
}
MAYBE = [names_when_borrowed]  # each connection has its name when it's used; costs a round trip each borrow
ALSO_RIGHT = [blocking_from_url, on_connect, pool_of_a_client, connect_callback]
