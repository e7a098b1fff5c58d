"""Lesson 06's exercises, right in other words."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis

Function = Callable[[], Any]

# -- name-your-connections


def named_in_the_url(host: str, port: int, module: str) -> Any:
    return redis.BlockingConnectionPool.from_url(f"redis://{host}:{port}?client_name=shop:{module}&max_connections=3")


def the_pool_of_a_named_client(host: str, port: int, module: str) -> Any:
    return redis.Redis(host=host, port=port, max_connections=3, client_name=f"shop:{module}").connection_pool


def says_it_by_hand(host: str, port: int, module: str) -> Any:
    def introduce(connection: Any) -> None:
        connection.on_connect()
        connection.send_command("CLIENT", "SETNAME", f"shop:{module}")
        connection.read_response()

    return redis.ConnectionPool(host=host, port=port, max_connections=3, redis_connect_func=introduce)


# -- count-my-clients


def with_a_counter(r: Any) -> Any:
    names = [client["name"] for client in r.client_list()]
    return Counter(name for name in names if name.startswith("shop:"))


def reads_the_list_itself(r: Any) -> Any:
    with redis.Redis(connection_pool=r.connection_pool) as mine:
        lines = mine.execute_command("CLIENT LIST")
    counted: dict[str, int] = {"shop:backup": 0}
    for client in lines:
        if client["name"].partition(":")[0] == "shop":
            counted.setdefault(client["name"], 0)
            counted[client["name"]] += 1
    return counted


# -- fleet-budget


def counts_up(maxclients: int, processes: int, pools: int, others: int) -> int:
    limit = 0
    while processes * pools * (limit + 1) + others <= maxclients:
        limit += 1
    if not limit:
        raise ValueError(f"Raise maxclients to {processes * pools + others:,}.")
    return limit


def divides_and_cuts(maxclients: int, processes: int, pools: int, others: int) -> int:
    class TooSmall(ValueError):
        pass

    limit = int((maxclients - others) / (processes * pools))
    if limit < 1:
        raise TooSmall("maxclients", maxclients, "needed", processes * pools + others)
    return limit


# -- trim-idle


def with_the_word_left_out(pool: Any) -> Any:
    return pool.disconnect(False)


def borrows_closes_and_gives_back(pool: Any) -> Any:
    (idle, _), _ = pool.get_connection_count()
    borrowed = [pool.get_connection() for _ in range(idle)]
    for connection in borrowed:
        connection.disconnect()
        pool.release(connection)
    return len(borrowed)


# -- fit-the-server


def door_before_a_plain_pool(host: str, port: int, server_limit: int, workers: int) -> Function:
    share = server_limit // workers
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=share))
    door = threading.BoundedSemaphore(share)

    def count_view() -> Any:
        with door:
            return r.incr("views:home")

    return count_view


def asks_again_and_again(host: str, port: int, server_limit: int, workers: int) -> Function:
    r = redis.Redis(host=host, port=port, max_connections=server_limit // workers)

    def count_view() -> Any:
        while True:
            try:
                return r.incr("views:home")
            except redis.MaxConnectionsError:
                time.sleep(0.01)

    return count_view


def as_many_hands_as_connections(host: str, port: int, server_limit: int, workers: int) -> Function:
    hands = ThreadPoolExecutor(server_limit // workers)
    r = redis.Redis(host=host, port=port, client_name="worker", decode_responses=True)
    return lambda: hands.submit(r.incr, "views:home").result()


ALSO_RIGHT: dict[str, list[Callable[..., Any]]] = {
    "name-your-connections": [named_in_the_url, the_pool_of_a_named_client, says_it_by_hand],
    "count-my-clients": [with_a_counter, reads_the_list_itself],
    "fleet-budget": [counts_up, divides_and_cuts],
    "trim-idle": [with_the_word_left_out, borrows_closes_and_gives_back],
    "fit-the-server": [door_before_a_plain_pool, asks_again_and_again, as_many_hands_as_connections],
}
