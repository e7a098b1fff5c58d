"""Lesson 03's exercises, right in other words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue
from typing import Any

import redis

Function = Callable[[], Any]

# -- wait-your-turn


def door_before_a_plain_pool(host: str, port: int) -> Function:
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=4))
    door = threading.BoundedSemaphore(4)

    def count_view() -> Any:
        with door:
            return r.incr("views:home")

    return count_view


def waits_for_ever(host: str, port: int) -> Function:
    url = f"redis://{host}:{port}/0?max_connections=4"
    pool = redis.BlockingConnectionPool.from_url(url, timeout=None, decode_responses=True)
    return lambda: redis.Redis(connection_pool=pool).incrby("views:home", 1)


def asks_again_and_again(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port, max_connections=4)

    def count_view() -> Any:
        while True:
            try:
                return r.incr("views:home")
            except redis.MaxConnectionsError:
                time.sleep(0.01)

    return count_view


def four_workers(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port, max_connections=4)
    workers = ThreadPoolExecutor(4)
    return lambda: workers.submit(r.incr, "views:home").result()


# -- fail-fast


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


# -- which-exception


def by_what_it_was_raised_from(pool: Any) -> Any:
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except redis.ConnectionError as error:
        return "busy" if isinstance(error.__context__, (IndexError, Empty)) else "down"
    except redis.TimeoutError:
        return "down"


def by_the_text_alone(pool: Any) -> Any:
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except redis.RedisError as error:
        return "busy" if str(error) in ("Too many connections", "No connection available.") else "down"


def by_the_count_afterwards(pool: Any) -> Any:
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except (redis.ConnectionError, redis.TimeoutError):
        _, (in_use, _) = pool.get_connection_count()
        return "busy" if in_use >= pool.max_connections else "down"


def borrows_first(pool: Any) -> Any:
    try:
        connection = pool.get_connection()
    except redis.RedisError as error:
        full = isinstance(error, redis.MaxConnectionsError) or "available" in str(error)
        return "busy" if full else "down"
    try:
        connection.send_command("GET", "greeting")
        return connection.read_response().decode()
    except redis.RedisError:
        return "down"
    finally:
        pool.release(connection)


ALSO_RIGHT: dict[str, list[Callable[..., Any]]] = {
    "wait-your-turn": [door_before_a_plain_pool, waits_for_ever, asks_again_and_again, four_workers],
    "fail-fast": [greets_by_hand, one_client_for_all, asks_a_plain_pool_twice, answers_in_a_thread],
    "which-exception": [by_what_it_was_raised_from, by_the_text_alone, by_the_count_afterwards, borrows_first],
}
