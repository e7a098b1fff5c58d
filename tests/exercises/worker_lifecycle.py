"""Answers to `worker-lifecycle`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import os

import redis


class Base:
    def __init__(self, host, port):
        self.at = {"host": host, "port": port}

    def start(self, number):
        self.pool = redis.BlockingConnectionPool(**self.at, max_connections=2, client_name=f"worker-{number}")
        self.r = redis.Redis(connection_pool=self.pool)

    def handle(self, page):
        return self.r.incr(f"views:{page}")

    def stop(self):
        self.pool.close()


class one_pool_for_all(Base):  # noqa: N801  "pools survive a fork"
    def __init__(self, host, port):
        self.pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, client_name="worker")
        self.r = redis.Redis(connection_pool=self.pool)

    def start(self, number):
        pass


class pings_in_the_parent(Base):  # noqa: N801  "ping once at the start"
    def __init__(self, host, port):
        super().__init__(host, port)
        with redis.Redis(host=host, port=port) as r:
            r.ping()


class no_limit(Base):  # noqa: N801  "one for each thread"
    def start(self, number):
        self.r = redis.Redis(**self.at, client_name=f"worker-{number}")
        self.pool = self.r.connection_pool


class raises_at_the_limit(Base):  # noqa: N801  "a limit is a limit"
    def start(self, number):
        self.pool = redis.ConnectionPool(**self.at, max_connections=2, client_name=f"worker-{number}")
        self.r = redis.Redis(connection_pool=self.pool)


class client_for_each_request(Base):  # noqa: N801  "nothing is shared"
    def start(self, number):
        self.number = number

    def handle(self, page):
        with redis.Redis(**self.at, client_name=f"worker-{self.number}") as r:
            return r.incr(f"views:{page}")

    def stop(self):
        pass


class never_closes(Base):  # noqa: N801  "the process ends anyway"
    def stop(self):
        pass


class names_one(Base):  # noqa: N801  "CLIENT SETNAME names the client"
    def start(self, number):
        self.pool = redis.BlockingConnectionPool(**self.at, max_connections=2)
        self.r = redis.Redis(connection_pool=self.pool)
        self.r.client_setname(f"worker-{number}")


WRONG = {
    one_pool_for_all: "In which process is the number known",
    pings_in_the_parent: "In the parent `App(host, port)` opened 1 connection",
    no_limit: "Which limit does each worker's pool have",
    raises_at_the_limit: "got `MaxConnectionsError: Too many connections`",
    client_for_each_request: "24 requests opened 24 connections",
    never_closes: "A second after `stop()` in worker 2",
    names_one: "names only that one",
}


class returns_nothing(Base):  # noqa: N801
    def handle(self, page):
        self.r.incr(f"views:{page}")


class has_no_stop:  # noqa: N801
    def __init__(self, host, port):
        pass

    def start(self, number):
        pass

    def handle(self, page):
        pass


class named_by_process(Base):  # noqa: N801  "the number of the process is as good"
    def start(self, number):
        super().start(os.getpid())


class forgets_to_start(Base):  # noqa: N801
    def start(self, number):
        pass

    def handle(self, page):
        return self.r.incrby(f"views:{page}", 1)


ALSO_WRONG = {
    returns_nothing: "together they should have returned the numbers from 1 to 24",
    has_no_stop: "which has no method `stop`",
    named_by_process: "there should be some of each worker",
    forgets_to_start: "raised `AttributeError",
}


# -- right in other words


class pool_in_the_parent(Base):  # noqa: N801  a plain pool that is not used before the fork, and named after it
    def __init__(self, host, port):
        self.pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2)
        self.r = redis.Redis(connection_pool=self.pool)

    def start(self, number):
        self.pool.connection_kwargs["client_name"] = f"worker-{number}"
        self.pool.reset()


class from_a_url(Base):  # noqa: N801
    def start(self, number):
        url = f"redis://{self.at['host']}:{self.at['port']}?client_name=worker-{number}&max_connections=2"
        self.r = redis.Redis.from_pool(redis.BlockingConnectionPool.from_url(url))

    def stop(self):
        self.r.close()


class pings_in_the_worker(Base):  # noqa: N801
    def start(self, number):
        super().start(number)
        self.r.ping()

    def handle(self, page):
        with self.r.pipeline() as pipe:
            return pipe.incr(f"views:{page}").execute()[0]


ALSO_RIGHT = [pool_in_the_parent, from_a_url, pings_in_the_worker]
