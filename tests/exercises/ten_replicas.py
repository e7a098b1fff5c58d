"""Answers to `ten-replicas`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading

import redis

from tutorial_lib.exercises.ten_replicas import solution, starter


class OnePool(starter):  # "two pools were one too many"
    def __init__(self, host, port):
        self.pages_pool = self.carts_pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=3)
        self.pages = self.carts = redis.Redis(connection_pool=self.pages_pool)


class NoMoreThanTwo(solution):  # "a limit is enough"
    def __init__(self, host, port):
        self.pool = redis.ConnectionPool(host=host, port=port, max_connections=2)
        self.r = redis.Redis(connection_pool=self.pool)


class TwoOfTwo(starter):  # "each pool keeps to the limit"
    def __init__(self, host, port):
        at = {"host": host, "port": port, "max_connections": 2, "timeout": 5}
        self.pages_pool = redis.BlockingConnectionPool(**at)
        self.carts_pool = redis.BlockingConnectionPool(**at)
        self.pages = redis.Redis(connection_pool=self.pages_pool)
        self.carts = redis.Redis(connection_pool=self.carts_pool)


class ClosesTheClient(solution):  # "a client closes its pool"
    def stop(self):
        self.r.close()


class OneForAll(solution):  # "all replicas share a pool"
    pool = None

    def __init__(self, host, port):
        if OneForAll.pool is None:
            OneForAll.pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=5)
        self.r = redis.Redis(connection_pool=OneForAll.pool)


class WaitsTooShort(solution):  # "waiting is bad"
    def __init__(self, host, port):
        self.pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=0.01)
        self.r = redis.Redis(connection_pool=self.pool)


WRONG = {
    OnePool: "such replicas are 33",
    NoMoreThanTwo: "Too many connections`. 4 threads share 2",
    TwoOfTwo: "such replicas are 44",
    ClosesTheClient: "`stop()` has returned",
    OneForAll: "can't share a pool with another",
    WaitsTooShort: "`ConnectionError: No connection available.`",
}


class OneEach(starter):
    def __init__(self, host, port):
        at = {"host": host, "port": port, "max_connections": 1, "timeout": 5}
        self.pages = redis.Redis.from_pool(redis.BlockingConnectionPool(**at))
        self.carts = redis.Redis.from_pool(redis.BlockingConnectionPool(**at))


class BehindASemaphore(starter):
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=2)
        self.two = threading.Semaphore(2)

    def view(self, page):
        with self.two:
            return self.r.incr(f"views:{page}")

    def add(self, cart, item):
        with self.two:
            return self.r.rpush(f"cart:{cart}", item)

    def stop(self):
        self.r.close()


ALSO_RIGHT = [OneEach, BehindASemaphore]
