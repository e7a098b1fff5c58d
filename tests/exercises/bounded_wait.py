"""Answers to `bounded-wait`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from queue import Empty, Queue
from threading import Thread
from typing import Any

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry


def patient_by_default(host, port):  # the silence that Redis() is built with
    r = redis.Redis(host=host, port=port)

    def greet():
        try:
            return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return greet


def limits_the_loan(host, port):  # "the pool's timeout limits the command"
    retry = Retry(ConstantBackoff(0.01), 1)
    pool = redis.BlockingConnectionPool(host=host, port=port, timeout=0.5, retry=retry)
    r = redis.Redis(connection_pool=pool)

    def greet():
        try:
            return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return greet


def forgets_to_multiply(host, port):  # "socket_timeout limits the command"
    pool = redis.ConnectionPool(host=host, port=port, socket_timeout=0.8, retry=Retry(ConstantBackoff(0.1), 2))
    r = redis.Redis(connection_pool=pool)

    def greet():
        try:
            return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return greet


def remembers(host, port):  # the last greeting in place of "Welcome!"
    pool = redis.ConnectionPool(host=host, port=port, socket_timeout=0.2, retry=Retry(ConstantBackoff(0.01), 1))
    r = redis.Redis(connection_pool=pool)
    last = "Welcome!"

    def greet():
        nonlocal last
        try:
            last = r.get("greeting").decode()
            return last
        except (redis.ConnectionError, redis.TimeoutError):
            return last

    return greet


def tries_once(host, port):
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, socket_timeout=0.5))

    def greet():
        try:
            return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return greet


def hasty(host, port):
    pool = redis.ConnectionPool(host=host, port=port, socket_timeout=0.05, retry=Retry(ConstantBackoff(0.01), 1))
    r = redis.Redis(connection_pool=pool)

    def greet():
        try:
            return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return greet


def one_clause(host, port):  # "a TimeoutError is a ConnectionError"
    pool = redis.ConnectionPool(host=host, port=port, socket_timeout=0.2, retry=Retry(ConstantBackoff(0.01), 1))
    r = redis.Redis(connection_pool=pool)

    def greet():
        try:
            return r.get("greeting").decode()
        except redis.ConnectionError:
            return "Welcome!"

    return greet


def client_for_each(host, port):
    def greet():
        try:
            with redis.Redis(host=host, port=port, socket_timeout=0.2, retry=Retry(ConstantBackoff(0.01), 1)) as r:
                return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return greet


def greets_at_once(host, port):
    pool = redis.ConnectionPool(host=host, port=port, socket_timeout=0.25, retry=Retry(ConstantBackoff(0.01), 1))
    return redis.Redis(connection_pool=pool).get("greeting").decode()


WRONG = {
    patient_by_default: "It makes 11 attempts, and each waits 5 s",
    limits_the_loan: "limits the wait for a connection",
    forgets_to_multiply: "It makes 3 attempts, and each waits 0.8 s",
    remembers: "It should return `'Welcome!'`",
    tries_once: "A reply got lost, and `greet` returned `'Welcome!'`",
    hasty: "The reply took 0.15 s, and `greet`",
    one_clause: "raised `TimeoutError: Timeout reading from socket`",
    client_for_each: "5 calls of `greet` opened 5 connections",
}


# -- other shapes


CUTS_ONLY = Retry(ConstantBackoff(0), 1, supported_errors=(redis.ConnectionError,))


def limits_the_opening(host, port):  # "a connect timeout is for the whole connection"
    r = redis.Redis(host=host, port=port, socket_connect_timeout=0.3, retry=CUTS_ONLY)

    def greet():
        try:
            return r.get("greeting").decode()
        except redis.TimeoutError:
            return "Welcome!"

    return greet


def leaves_a_thread_waiting(host, port):  # answered in time, while a thread and a connection go on waiting
    r, threads = redis.Redis(host=host, port=port, retry=CUTS_ONLY), ThreadPoolExecutor(1)

    def greet():
        try:
            return threads.submit(r.get, "greeting").result(timeout=0.5).decode()
        except OutOfTime:
            return "Welcome!"

    return greet


def keeps_the_connection(host, port):  # returned only if all goes well
    pool = redis.ConnectionPool(host=host, port=port, socket_timeout=0.3)

    def greet():
        for _ in range(2):
            connection = pool.get_connection()
            try:
                connection.send_command("GET", "greeting")
                text = connection.read_response()
                pool.release(connection)
                return text.decode()
            except redis.TimeoutError:
                break
            except redis.ConnectionError:
                connection.disconnect()
                pool.release(connection)
        return "Welcome!"

    return greet


def reads_once(host, port):  # "a greeting does not change"
    r = redis.Redis(host=host, port=port, socket_timeout=0.3, retry=CUTS_ONLY)
    texts = []

    def greet():
        if not texts:
            texts.append(r.get("greeting").decode())
        return texts[0]

    return greet


def gives_up_for_good(host, port):  # a circuit breaker that nobody closes
    r = redis.Redis(host=host, port=port, socket_timeout=0.3, retry=CUTS_ONLY)
    broken = []

    def greet():
        if not broken:
            try:
                return r.get("greeting").decode()
            except redis.TimeoutError:
                broken.append(True)
        return "Welcome!"

    return greet


def as_bytes(host, port):
    r = redis.Redis(host=host, port=port, socket_timeout=0.3, retry=CUTS_ONLY)

    def greet():
        try:
            return r.get("greeting")
        except redis.TimeoutError:
            return "Welcome!"

    return greet


def limits_on_the_client(host, port):  # "the client's arguments count"
    pool = redis.ConnectionPool(host=host, port=port)
    r = redis.Redis(connection_pool=pool, socket_timeout=0.3, retry=CUTS_ONLY)

    def greet():
        try:
            return r.get("greeting").decode()
        except redis.TimeoutError:
            return "Welcome!"

    return greet


ALSO_WRONG = {
    greets_at_once: "Was it called already?",
    limits_the_opening: "It waits 5 s for a reply. Which argument limits that?",
    leaves_a_thread_waiting: "still has in_use=1",
    keeps_the_connection: "still has in_use=1",
    reads_once: "sent 0 commands",
    gives_up_for_good: "Does it still ask Redis?",
    as_bytes: "returned `b'Good evening'`",
    limits_on_the_client: "What sends the command a second time?",
}


# -- right in other words


Function = Callable[..., Any]


def limits_of_the_client_itself(host: str, port: int) -> Function:
    r = redis.Redis(
        host=host, port=port, decode_responses=True, socket_timeout=0.17, retry=Retry(ConstantBackoff(0.01), 2)
    )

    def greet() -> Any:
        try:
            return r.get("greeting")
        except redis.RedisError:
            return "Welcome!"

    return greet


def asks_in_a_thread(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port, socket_timeout=0.6, retry=Retry(ConstantBackoff(0.01), 1))

    def greet() -> Any:
        answers: Queue[str] = Queue()

        def ask() -> None:
            try:
                answers.put(r.get("greeting").decode())
            except redis.RedisError:
                answers.put("Welcome!")

        Thread(target=ask, daemon=True).start()
        try:
            return answers.get(timeout=0.5)
        except Empty:
            return "Welcome!"

    return greet


def asks_twice_by_hand(host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, timeout=0.1, socket_timeout=0.25)

    def greet() -> Any:
        for _ in range(2):
            try:
                return redis.Redis(connection_pool=pool).get("greeting").decode()
            except (redis.ConnectionError, redis.TimeoutError):
                pass
        return "Welcome!"

    return greet


class Shop:
    def __init__(self, host: str, port: int) -> None:
        self.r = redis.Redis.from_url(f"redis://{host}:{port}/0?socket_timeout=0.4", retry=CUTS_ONLY)

    def __call__(self) -> str:
        try:
            return str(self.r.get("greeting"), "utf-8")
        except redis.RedisError:
            return "Welcome!"


def until_a_deadline(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port, socket_timeout=0.28, retry=Retry(ConstantBackoff(0), 0))

    def greet() -> Any:
        until = time.monotonic() + 0.25
        while True:
            try:
                return r.get("greeting").decode()
            except redis.RedisError:
                if time.monotonic() > until:
                    return "Welcome!"

    return greet


ALSO_RIGHT = [limits_of_the_client_itself, asks_in_a_thread, asks_twice_by_hand, Shop, until_a_deadline]
