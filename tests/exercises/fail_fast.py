"""Answers to `fail-fast`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, Queue
from typing import Any

import redis


def default_patience(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2)

    def greet():
        try:
            return redis.Redis(connection_pool=pool).get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return pool, greet


def no_patience(host, port):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=2, socket_timeout=0.2)

    def greet():
        try:
            return redis.Redis(connection_pool=pool).get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return pool, greet


def timeout_for_all(host, port):  # "timeout= limits the command"
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=0.2)

    def greet():
        try:
            return redis.Redis(connection_pool=pool).get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return pool, greet


def socket_timeout_for_all(host, port):  # the same belief, the other way round
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=None, socket_timeout=0.2)

    def greet():
        try:
            return redis.Redis(connection_pool=pool).get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return pool, greet


def only_max_connections(host, port):  # "one except clause fits both pools"
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=0.2, socket_timeout=0.2)

    def greet():
        try:
            return redis.Redis(connection_pool=pool).get("greeting").decode()
        except redis.MaxConnectionsError:
            return "Welcome!"

    return pool, greet


def only_connection_error(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=0.2, socket_timeout=0.2)

    def greet():
        try:
            return redis.Redis(connection_pool=pool).get("greeting").decode()
        except redis.ConnectionError:
            return "Welcome!"

    return pool, greet


def another_pool(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=0.2, socket_timeout=0.2)
    r = redis.Redis(host=host, port=port)

    def greet():
        return r.get("greeting").decode()

    return pool, greet


def in_bytes(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=0.2, socket_timeout=0.2)
    return pool, lambda: redis.Redis(connection_pool=pool).get("greeting")


WRONG = {
    default_patience: "`timeout` is 20 s",
    no_patience: "had no use for it",
    timeout_for_all: "what limits the wait for a reply",
    socket_timeout_for_all: "`None`, which means for ever",
    only_max_connections: "raised `ConnectionError: No connection available.`",
    only_connection_error: "raised `TimeoutError: Timeout reading from socket`",
    another_pool: "has 0 idle connections",
    in_bytes: "returned `b'Good evening'`",
}


# -- right in other words


Function = Callable[[], Any]


def greets_by_hand(host: str, port: int) -> tuple[Any, Function]:
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=0.12, socket_timeout=0.12)

    def greet() -> Any:
        connection = None
        try:
            connection = pool.get_connection()
            connection.send_command("GET", "greeting")
            return str(connection.read_response(), "utf-8")
        except redis.RedisError:
            return "Welcome!"
        finally:
            if connection:
                pool.release(connection)

    return pool, greet


def one_client_for_all(host: str, port: int) -> tuple[Any, Function]:
    url = f"redis://{host}:{port}?max_connections=2&timeout=0.2"
    pool = redis.BlockingConnectionPool.from_url(url, socket_timeout=0.2, decode_responses=True)
    r = redis.Redis(connection_pool=pool)

    def greet() -> Any:
        try:
            return r.get("greeting")
        except Exception:
            return "Welcome!"

    return pool, greet


def asks_a_plain_pool_twice(host: str, port: int) -> tuple[Any, Function]:
    pool = redis.ConnectionPool(host=host, port=port, max_connections=2, socket_timeout=0.1, decode_responses=True)

    def greet() -> Any:
        for _ in range(15):
            try:
                return redis.Redis(connection_pool=pool).get("greeting")
            except redis.MaxConnectionsError:
                time.sleep(0.01)
            except (redis.ConnectionError, redis.TimeoutError):
                break
        return "Welcome!"

    return pool, greet


def answers_in_a_thread(host: str, port: int) -> tuple[Any, Function]:
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=0.2, socket_timeout=0.2)

    def greet() -> Any:
        answers: Queue[str] = Queue()

        def ask() -> None:
            try:
                answers.put(redis.Redis(connection_pool=pool).get("greeting").decode())
            except redis.RedisError:
                answers.put("Welcome!")

        threading.Thread(target=ask, daemon=True).start()
        try:
            return answers.get(timeout=0.25)
        except Empty:
            return "Welcome!"

    return pool, greet


ALSO_RIGHT = [greets_by_hand, one_client_for_all, asks_a_plain_pool_twice, answers_in_a_thread]
