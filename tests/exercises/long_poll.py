"""Answers to `long-poll`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Function = Callable[..., Any]


def _jobs_by(worker: redis.Redis) -> Function:
    def next_job(seconds: float) -> Any:
        reply: Any = worker.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_job


def on_the_pool_of_web(web, host, port):  # "a client's own settings win over the pool's"
    return _jobs_by(redis.Redis(connection_pool=web.connection_pool, socket_timeout=None))


def as_hasty_as_web(web, host, port):  # "what is right for requests is right for the worker"
    return _jobs_by(redis.Redis(host=host, port=port, socket_timeout=0.2))


def takes_silence_for_no(web, host, port):  # "a timeout means that there was no job"
    worker = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, socket_timeout=0.2))

    def next_job(seconds):
        try:
            return worker.blpop("jobs", timeout=seconds)[1].decode()
        except redis.TimeoutError:
            return None

    return next_job


def with_the_default(web, host, port):  # "a client of its own waits as long as it likes"
    return _jobs_by(redis.Redis(host=host, port=port))


def asks_again_and_again(web, host, port):  # "short commands never block"
    worker = redis.Redis(host=host, port=port)

    def next_job(seconds):
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            if job := worker.lpop("jobs"):
                return job.decode()
            sleep(0.05)
        return None

    return next_job


def client_for_each_call(web, host, port):  # "a client of its own for each wait"
    def next_job(seconds):
        with redis.Redis(host=host, port=port, socket_timeout=None) as r:
            reply = r.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_job


def waits_for_ever(web, host, port):  # "BLPOP knows when to stop"
    worker = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_job(seconds):
        return worker.blpop("jobs")[1].decode()

    return next_job


def lifts_the_timeout_of_web(web, host, port):  # "the timeout is the problem, so it goes"
    def next_job(seconds):
        web.connection_pool.connection_kwargs["socket_timeout"] = None
        web.connection_pool.disconnect()
        reply = web.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_job


WRONG = {
    on_the_pool_of_web: "a request got `MaxConnectionsError: Too many connections`",
    as_hasty_as_web: "connected again and sent its `BLPOP` again",
    takes_silence_for_no: "had returned `None` before that",
    with_the_default: "whose `socket_timeout` is 5 s",
    asks_again_and_again: "sent `LPOP` again and again",
    client_for_each_call: "Two calls opened 2 connections",
    waits_for_ever: "it was still waiting",
    lifts_the_timeout_of_web: "`socket_timeout` was `0.2` and is now `None`",
}


# -- the same mistakes in other shapes


def hasty_without_retry(web, host, port):  # "without retries it waits longer"
    return _jobs_by(redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, socket_timeout=0.2)))


def with_another_command(web, host, port):  # "all commands that wait are alike"
    worker = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_job(seconds):
        reply = worker.brpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_job


def in_bytes(web, host, port):  # "BLPOP replies with the job"
    worker = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_job(seconds):
        return worker.blpop("jobs", timeout=seconds)

    return next_job


def sixty_for_sixty(web, host, port):
    # "The longest wait is 60 s, so the timeout is 60 s."
    worker = redis.Redis(host=host, port=port, socket_timeout=60)

    def next_job(seconds):
        reply = worker.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_job


def three_seconds(web, host, port):
    # enough for the 2 s that can be tried at once
    worker = redis.Redis(host=host, port=port, socket_timeout=3, retry=Retry(NoBackoff(), 0))

    def next_job(seconds):
        reply = worker.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_job


def waits_for_two_seconds_always(web, host, port):  # reads the number in the prompt
    worker = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_job(seconds):
        reply = worker.blpop("jobs", timeout=2)
        return reply[1].decode() if reply else None

    return next_job


def more_connections_for_web(web, host, port):
    # "One connection is too few: the worker needs a second one in the same pool."
    web.connection_pool.max_connections = 2

    def next_job(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                reply = web.blpop("jobs", timeout=seconds)
            except redis.TimeoutError:
                continue
            return reply[1].decode() if reply else None
        return None

    return next_job


def own_client_in_short_steps(web, host, port):  # "short waits are safe from the timeout"
    worker = redis.Redis(host=host, port=port)

    def next_job(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            reply = worker.blpop("jobs", timeout=0.1)
            if reply:
                return reply[1].decode()
        return None

    return next_job


def zero_for_no_limit(web, host, port):  # "0 means never, as in redis.conf"
    return _jobs_by(redis.Redis(host=host, port=port, socket_timeout=0))


ALSO_WRONG = {
    zero_for_no_limit: "has a `socket_timeout` of 0",
    hasty_without_retry: "raised `TimeoutError: Timeout reading from socket`",
    with_another_command: "asked with `BRPOP`",
    in_bytes: "returned `(b'jobs', b'send-mail')`",
    sixty_for_sixty: "whose `socket_timeout` is 60 s",
    three_seconds: "whose `socket_timeout` is 3 s",
    waits_for_two_seconds_always: "it was still waiting",
    more_connections_for_web: "`max_connections` was `1` and is now `2`",
    own_client_in_short_steps: "sent more than 1 `BLPOP`",
}


# -- right in other words


def with_a_longer_timeout(web: Any, host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=1, socket_timeout=90, protocol=2)
    worker = redis.Redis(connection_pool=pool)

    def next_job(seconds: float) -> Any:
        _, job = worker.blpop(["jobs"], seconds) or (None, b"")
        return job.decode() or None

    return next_job


def with_a_single_connection(web: Any, host: str, port: int) -> Function:
    worker = redis.Redis(host=host, port=port, socket_timeout=None, single_connection_client=True)

    def next_job(seconds: float) -> Any:
        reply = worker.blpop("jobs", timeout=seconds)
        return reply and reply[1].decode()

    return next_job


def with_a_connection_kept_by_hand(web: Any, host: str, port: int) -> Function:
    pool = redis.ConnectionPool(host=host, port=port, decode_responses=True)
    connection = pool.get_connection()

    def next_job(seconds: float) -> Any:
        connection.send_command("BLPOP", "jobs", seconds)
        reply = connection.read_response(timeout=seconds + 10)
        return reply[1] if reply else None

    return next_job


class Worker:
    """A method is a function too, and it opens its connection when it is first asked."""

    def __init__(self, host: str, port: int) -> None:
        self.where = {"host": host, "port": port}
        self.r: Any = None
        self.lock = threading.Lock()

    def next_job(self, seconds: float) -> Any:
        with self.lock:
            self.r = self.r or redis.Redis(**self.where, socket_timeout=None, single_connection_client=False)
        reply = self.r.execute_command("BLPOP", "jobs", seconds)
        return reply[1].decode() if reply else None


def with_a_method(web: Any, host: str, port: int) -> Function:
    return Worker(host, port).next_job


def settings_of_web_without_timeout(web, host, port):
    how = {**web.get_connection_kwargs(), "socket_timeout": None}
    worker = redis.Redis(connection_pool=redis.BlockingConnectionPool(max_connections=1, timeout=5, **how))

    class NextJob:
        def __call__(self, seconds):
            reply = worker.blpop(["jobs"], seconds)
            return reply[1].decode() if reply else None

    return NextJob()


ALSO_RIGHT = [
    with_a_longer_timeout,
    with_a_single_connection,
    with_a_connection_kept_by_hand,
    with_a_method,
    settings_of_web_without_timeout,
]
