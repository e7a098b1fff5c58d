"""Answers to `the-quiet-upgrade`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import redis

from tutorial_lib.exercises.the_quiet_upgrade import solution, starter


class RetriesMore(starter):  # "after an upgrade one needs more retries"
    def __init__(self, host, port):
        retry = redis.retry.Retry(redis.backoff.NoBackoff(), 20)
        self.r = redis.Redis(host=host, port=port, retry=retry)


class OldProtocol(starter):  # "RESP3 is the culprit of everything"
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, protocol=2)


class ExactLimit(solution):  # "104 customers need 104 connections"
    def __init__(self, host, port):
        self.r = self.worker = redis.Redis(host=host, port=port, max_connections=104, socket_timeout=None)


class ShortWorker(solution):  # "the limit was the problem"
    def __init__(self, host, port):
        self.r = self.worker = redis.Redis(host=host, port=port, max_connections=120)


class NoTimeouts(solution):  # "everything as before"
    def __init__(self, host, port):
        self.r = self.worker = redis.Redis(host=host, port=port, max_connections=120, socket_timeout=None)


class AsBefore(solution):  # "no limit, as before"
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=2**31)
        self.worker = redis.Redis(host=host, port=port, max_connections=1, socket_timeout=None)


class Flattened(solution):  # "the list is only nested"
    def bestsellers(self):
        reply = self.r.execute_command("ZREVRANGE", "sold", 0, 9, "WITHSCORES")
        return [(name.decode(), int(number)) for name, number in reply]


class Polls(solution):  # "a worker that doesn't wait needs no timeout"
    def next_job(self, seconds):
        for _ in range(10 * seconds):
            job = self.r.lpop("jobs")
            if job:
                return job.decode()
            __import__("time").sleep(0.1)
        return None


WRONG = {
    RetriesMore: "`AttributeError: 'list' object has no attribute 'decode'`",
    OldProtocol: "100 customers follow a product, and number 101 got",
    ExactLimit: "The limit is 104",
    ShortWorker: "with a `socket_timeout` of 5 s",
    NoTimeouts: "a request waits for ever",
    AsBefore: "its share of the server is 120",
    Flattened: "and the shop sold {'tea': 12, 'coffee': 7}",
    Polls: "sent no `BLPOP`",
}


class FourClients(starter):
    def __init__(self, host, port):
        at = {"host": host, "port": port}
        self.feeds = redis.Redis(**at, max_connections=105)
        self.r = redis.Redis(**at, max_connections=5, socket_timeout=2)
        self.worker = redis.Redis(**at, max_connections=2, socket_timeout=90)

    def follow(self, product):
        stock = self.feeds.pubsub()
        stock.subscribe(f"stock:{product}")
        return stock

    def next_job(self, seconds):
        reply = self.worker.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    def bestsellers(self):
        reply = self.r.execute_command("ZREVRANGE", "sold", 0, 9, "WITHSCORES")
        return {name.decode(): int(number) for name, number in reply}


class OldProtocolAndTwoClients(starter):
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, protocol=2, max_connections=118)
        self.worker = redis.Redis(host=host, port=port, protocol=2, max_connections=2, socket_timeout=60)

    def next_job(self, seconds):
        reply = self.worker.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None


ALSO_RIGHT = [FourClients, OldProtocolAndTwoClients]
