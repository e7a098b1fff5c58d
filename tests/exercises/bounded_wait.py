"""Answers to `bounded-wait`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from collections.abc import Callable
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
    patient_by_default: "it tries 11 times, and each try may be silent for 5 s",
    limits_the_loan: "What limits the silence after that",
    forgets_to_multiply: "it tries 3 times, and each try may be silent for 0.8 s",
    remembers: "Asked for is `Welcome!`",
    tries_once: "The reply was cut, and `greet` returned `'Welcome!'`",
    hasty: "The reply took 0.15 s, and `greet`",
    one_clause: "raised `TimeoutError: Timeout reading from socket`",
    client_for_each: "Five greetings opened 5 connections",
    greets_at_once: "Was it called",
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
    r = redis.Redis(host=host, port=port, socket_timeout=1)

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


ALSO_RIGHT = [limits_of_the_client_itself, asks_in_a_thread, asks_twice_by_hand]
