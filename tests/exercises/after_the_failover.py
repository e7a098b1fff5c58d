"""Answers to `after-the-failover`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from tutorial_lib.exercises.after_the_failover import solution, starter


class NewAddressInThePool(starter):  # "the pool's settings hold the address"
    def switched(self):
        host, port = self.discover()
        self.r.connection_pool.connection_kwargs.update(host=host, port=port)


class DisconnectsTheIdleOnes(solution):  # "what is in use is not to be disturbed"
    def __init__(self, discover):
        class ToTheMaster(redis.Connection):
            def _connect(self):
                self.host, self.port = discover()
                return super()._connect()

        self.pool = redis.ConnectionPool(connection_class=ToTheMaster, max_connections=4)
        self.r = redis.Redis(connection_pool=self.pool)

    def switched(self):
        self.pool.disconnect(inuse_connections=False)


class ClientForEachOrder(starter):  # "asking each time is never wrong"
    def add(self, order):
        host, port = self.discover()
        with redis.Redis(host=host, port=port) as r:
            return r.rpush("orders", order)


class AsksForEachOrder(solution):  # "one client, and a look at the address"
    def __init__(self, discover):
        super().__init__(discover)
        self.at = discover()

    def add(self, order):
        at = self.discover()
        if at != self.at:
            self.switched()
            self.at = at
        return self.r.rpush("orders", order)


class ClientForEachAddress(solution):  # "a failover may go back"
    def switched(self):
        at = self.discover()
        self.clients = getattr(self, "clients", {})
        if at not in self.clients:
            self.clients[at] = redis.Redis(host=at[0], port=at[1], max_connections=4, retry=Retry(NoBackoff(), 0))
        self.r = self.clients[at]


class WaitsToBeTold(solution):  # "Sentinel always tells"
    def add(self, order):
        return self.r.rpush("orders", order)


class RetriesBelow(solution):  # "patience helps"
    def switched(self):
        host, port = self.discover()
        self.r = redis.Redis(host=host, port=port, max_connections=4, retry=Retry(ConstantBackoff(0.5), 5))


class SwallowsTheError(solution):  # "the next order will work"
    def add(self, order):
        try:
            return super().add(order)
        except redis.ConnectionError:
            return None


WRONG = {
    NewAddressInThePool: "connections were open before",
    DisconnectsTheIdleOnes: "What became of its connection",
    ClientForEachOrder: "How long does a client of yours live",
    AsksForEachOrder: "Each call asks the sentinels",
    ClientForEachAddress: "Each failover leaves some behind",
    WaitsToBeTold: "What else could tell your program to ask",
    RetriesBelow: "A client retries at the address it has",
    SwallowsTheError: "What does the caller learn",
}


class ClosesFirst(starter):  # "close() makes it connect to the right one"
    def switched(self):
        self.r.close()
        self.discover()


class DoesNothing(starter):  # "a pool finds out by itself"
    def switched(self):
        pass


ALSO_WRONG = {ClosesFirst: "to the old address", DoesNothing: "connections were open before"}


class ConnectionThatAsks(solution):
    def __init__(self, discover):
        class ToTheMaster(redis.Connection):
            def _connect(self):
                self.host, self.port = discover()
                return super()._connect()

        self.pool = redis.ConnectionPool(connection_class=ToTheMaster, max_connections=4)
        self.r = redis.Redis(connection_pool=self.pool)

    def add(self, order):
        return self.r.rpush("orders", order)

    def switched(self):
        self.pool.disconnect()


class ClosesTheOldOne(solution):
    def __init__(self, discover):
        self.lock = threading.Lock()
        self.r = None
        super().__init__(discover)

    def switched(self):
        host, port = self.discover()
        with self.lock:
            old = self.r
            self.r = redis.Redis(host=host, port=port, max_connections=4, retry=Retry(NoBackoff(), 0))
        if old:
            old.close()


class TriesAgainOnce(solution):
    def add(self, order):
        try:
            return super().add(order)
        except redis.ConnectionError:
            return super().add(order)


ALSO_RIGHT = [ConnectionThatAsks, ClosesTheOldOne, TriesAgainOnce]
