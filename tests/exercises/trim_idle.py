"""Answers to `trim-idle`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from time import sleep
from typing import Any


def closes_the_pool(pool):  # "close() closes what is idle"
    pool.close()


def waits(pool):  # "the pool shrinks after a burst"
    sleep(0.2)


def forgets(pool):
    pool.reset()


def empties_the_list(pool):
    pool._available_connections.clear()


def borrows_and_keeps(pool):
    (idle, _), _ = pool.get_connection_count()
    for connection in [pool.get_connection() for _ in range(idle)]:
        connection.disconnect()


def only_the_first(pool):
    connection = pool.get_connection()
    connection.disconnect()
    pool.release(connection)


def knows_the_number(pool):
    borrowed = [pool.get_connection() for _ in range(3)]
    for connection in borrowed:
        connection.disconnect()
        pool.release(connection)


def lowers_the_limit(pool):  # "a pool that is too large gets rid of some"
    _, (in_use, _) = pool.get_connection_count()
    pool.max_connections = in_use


WRONG = {
    closes_the_pool: "0 of 2 replies arrived",
    waits: "Which of its methods hangs up?",
    forgets: "knows nothing of 5 of them",
    empties_the_list: "knows nothing of 3 of them",
    lowers_the_limit: "max_connections of 2",
    borrows_and_keeps: "in_use=5",
    only_the_first: "What was done for one",
    knows_the_number: "Where does your number come from?",
}


# -- right in other words


def with_the_word_left_out(pool: Any) -> Any:
    return pool.disconnect(False)


def borrows_closes_and_gives_back(pool: Any) -> Any:
    (idle, _), _ = pool.get_connection_count()
    borrowed = [pool.get_connection() for _ in range(idle)]
    for connection in borrowed:
        connection.disconnect()
        pool.release(connection)
    return len(borrowed)


ALSO_RIGHT = [with_the_word_left_out, borrows_closes_and_gives_back]
