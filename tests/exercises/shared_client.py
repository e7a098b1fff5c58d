"""Answers to shared-client: the mistakes that learners make, and other right ways."""

import functools
import threading

import redis


def cache_without_a_lock(host, port):
    # "lru_cache builds it only once."
    @functools.lru_cache(maxsize=None)
    def get_client():
        return redis.Redis(host=host, port=port)

    return get_client


def lock_only_around_the_assignment(host, port):
    # "I have a lock, so it is safe."
    lock = threading.Lock()
    clients = []

    def get_client():
        if not clients:
            with lock:
                clients.append(redis.Redis(host=host, port=port))
        return clients[-1]

    return get_client


def one_client_per_thread(host, port):
    # "Clients are not thread-safe."
    own = threading.local()

    def get_client():
        if not hasattr(own, "client"):
            own.client = redis.Redis(host=host, port=port)
        return own.client

    return get_client


def tries_it_out_first(host, port):
    # "Better to see at once whether Redis is there."
    client = redis.Redis(host=host, port=port)
    client.ping()
    return lambda: client


def from_pool_for_each_part(host, port):
    # "from_pool is the method for clients on a shared pool."
    pool = redis.ConnectionPool(host=host, port=port)

    class GetClient:
        def __call__(self):
            return redis.Redis.from_pool(pool)

    return GetClient()


def single_connection(host, port):
    # "single_connection_client means one connection for all."
    client = redis.Redis(host=host, port=port, single_connection_client=True)
    return lambda: client


def too_small_a_pool(host, port):
    # "A small pool is enough if all share it."
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
    return functools.partial(redis.Redis, connection_pool=pool)


def cached_by_thread_name(host, port):
    # a cache with the wrong key
    clients = {}
    lock = threading.Lock()

    def get_client():
        with lock:
            key = threading.current_thread().name
            if key not in clients:
                clients[key] = redis.Redis(host=host, port=port)
            return clients[key]

    return get_client


def closes_when_dropped(host, port):
    # "Every part should clean up behind itself."
    pool = redis.ConnectionPool(host=host, port=port)

    class Part(redis.Redis):
        def __del__(self):
            self.connection_pool.disconnect()

    return lambda: Part(connection_pool=pool)


def double_checked_lock(host, port):
    lock = threading.Lock()
    client = None

    def get_client():
        nonlocal client
        if client is None:
            with lock:
                if client is None:
                    client = redis.Redis(host=host, port=port)
        return client

    return get_client


def clients_on_a_small_blocking_pool(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=5)
    return functools.partial(redis.Redis, connection_pool=pool)


def method_of_an_object(host, port):
    class Shop:
        @functools.cached_property
        def pool(self):
            return redis.ConnectionPool.from_url(f"redis://{host}:{port}/0")

        def get_client(self):
            return redis.Redis(connection_pool=self.pool)

    shop = Shop()
    shop.pool  # noqa: B018 - creates it before the threads come
    return shop.get_client


WRONG = {
    cache_without_a_lock: "N pools for 20 threads: the cache does not lock while it creates",
    lock_only_around_the_assignment: "several pools: the check is outside the lock",
    one_client_per_thread: "20 clients/pools; clients are thread safe",
    tries_it_out_first: "connection opened before the first command",
    from_pool_for_each_part: "dropping a client closed the pool, opened another connection",
    single_connection: "single_connection_client connects at once",
    too_small_a_pool: "x of 20 counted; others got MaxConnectionsError",
    cached_by_thread_name: "20 pools",
    closes_when_dropped: "dropping a client closed the pool's connections",
}
ALSO_RIGHT = [double_checked_lock, clients_on_a_small_blocking_pool, method_of_an_object]
