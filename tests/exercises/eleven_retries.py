"""Answers to `eleven-retries`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import time

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from tutorial_lib.exercises.eleven_retries import solution, starter


class WithoutTheLoop(starter):  # "two levels were the problem"
    def price(self, product):
        return int(self.r.get(f"price:{product}"))


class NoRetries(starter):  # "retries are evil"
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, socket_timeout=0.1, retry=Retry(NoBackoff(), 0))

    def price(self, product):
        return int(self.r.get(f"price:{product}"))


class OneClient(solution):  # "what is right for a read is right for a write"
    def __init__(self, host, port):
        super().__init__(host, port)
        self.writes = self.reads


class NoPauses(solution):  # "attempts are what counts"
    def __init__(self, host, port):
        super().__init__(host, port)
        retry = Retry(NoBackoff(), 10, supported_errors=(redis.ConnectionError,))
        self.reads = redis.Redis(host=host, port=port, socket_timeout=0.1, retry=retry)


class ReadsThenWrites(solution):  # "SET may be done twice"
    def sell(self, product):
        sold = int(self.reads.get(f"sold:{product}") or 0) + 1
        self.reads.set(f"sold:{product}", sold)
        return sold


class AnswersAnyway(solution):  # "a page must not fail"
    def price(self, product):
        try:
            return super().price(product)
        except redis.RedisError:
            return 0


class LoopKept(solution):  # "the loop does no harm now"
    def price(self, product):
        for _ in range(10):
            try:
                return super().price(product)
            except redis.RedisError:
                continue
        return None


WRONG = {
    WithoutTheLoop: "Redis said nothing, and after 0.4 s `sell`",
    NoRetries: "refused connections for 0.15 s, and `price` raised",
    OneClient: "The sale was counted 2 times",
    NoPauses: "A refused connection fails at once",
    ReadsThenWrites: "What does the adding, Redis or your program?",
    AnswersAnyway: "The caller has to know",
    LoopKept: "after 0.4 s `price` was still not back",
}


class OneLoop:  # retries of its own, for the read only
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, socket_timeout=0.1, retry=Retry(NoBackoff(), 0))

    def price(self, product):
        for attempt in range(6):
            try:
                return int(self.r.get(f"price:{product}"))
            except redis.ConnectionError:
                if attempt == 5:
                    raise
                time.sleep(0.05)
        raise AssertionError

    def sell(self, product):
        return self.r.incr(f"sold:{product}")


class TwoPools:
    def __init__(self, host, port):
        retry = Retry(ConstantBackoff(0.06), 4, supported_errors=(redis.ConnectionError,))
        reads = redis.ConnectionPool(host=host, port=port, socket_timeout=0.2, retry=retry)
        self.reads = redis.Redis(connection_pool=reads)
        self.writes = redis.Redis.from_url(f"redis://{host}:{port}", socket_timeout=0.15)

    def price(self, product):
        return int(self.reads.get(f"price:{product}"))

    def sell(self, product):
        return self.writes.incr(f"sold:{product}")


ALSO_RIGHT = [OneLoop, TwoPools]
