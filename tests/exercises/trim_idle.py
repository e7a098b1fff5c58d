"""Answers to `trim-idle`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import operator
import threading
from time import sleep

import redis


def closes_the_pool(pool):  # "close() closes what is idle"
    pool.close()


def does_nothing(pool):  # "the pool shrinks by itself after a burst"
    sleep(0.01)


def forgets(pool):  # "reset() is a fresh start"
    pool.reset()


def empties_the_list(pool):  # "what the pool does not have is not open"
    pool._available_connections.clear()


def lowers_the_limit(pool):  # "a pool that is too large closes some"
    _, (in_use, _) = pool.get_connection_count()
    pool.max_connections = in_use


def borrows_and_keeps(pool):  # closes each, and returns none
    (idle, _), _ = pool.get_connection_count()
    for connection in [pool.get_connection() for _ in range(idle)]:
        connection.disconnect()


def the_same_one_each_time(pool):  # "the pool hands out another one each time"
    (idle, _), _ = pool.get_connection_count()
    for _ in range(idle):
        connection = pool.get_connection()
        connection.disconnect()
        pool.release(connection)


def knows_the_number(pool):  # three, as in the prompt
    borrowed = [pool.get_connection() for _ in range(3)]
    for connection in borrowed:
        connection.disconnect()
        pool.release(connection)


WRONG = {
    closes_the_pool: "0 of 2 replies arrived",
    does_nothing: "Which of its methods closes connections?",
    forgets: "has forgotten",  # Python may have closed the idle ones by then, and then the others are what is told.
    lowers_the_limit: "`max_connections` of 2",
    borrows_and_keeps: "in_use=5",
    the_same_one_each_time: "borrow again and again",
    knows_the_number: "Where does your number come from?",
}


# -- other shapes


def kills_all_others(pool):
    redis.Redis(connection_pool=pool).client_kill_filter(_type="normal", skipme=True)


def kills_the_strangers(pool):  # closes the right ones, and then "the rest that is not mine"
    pool.disconnect(inuse_connections=False)
    mine = pool.connection_kwargs["client_name"]
    with redis.Redis(host=pool.connection_kwargs["host"], port=pool.connection_kwargs["port"]) as r:
        me = r.client_id()
        for client in r.client_list():
            if int(client["id"]) != me and client["name"] != mine:
                r.client_kill_filter(_id=client["id"])


def closes_and_lowers_the_limit(pool):  # "then it stays small"
    pool.disconnect(inuse_connections=False)
    pool.max_connections = len(pool._get_in_use_connections())


def closes_and_throws_away(pool):
    for connection in list(pool._get_free_connections()):
        connection.disconnect()
    pool._available_connections.clear()


def closes_and_warms_up(pool):  # "so that the next rush finds them open"
    (idle, _), _ = pool.get_connection_count()
    pool.disconnect(inuse_connections=False)
    for connection in [pool.get_connection() for _ in range(idle)]:
        pool.release(connection)


def keeps_one_warm(pool):
    for connection in list(pool._get_free_connections())[1:]:
        connection.disconnect()


def waits_for_quiet(pool):  # "first they all have to come back"
    while pool.get_connection_count()[1][0]:
        sleep(0.01)
    pool.disconnect()


def later(pool):
    timer = threading.Timer(5, pool.disconnect, kwargs={"inuse_connections": False})
    timer.daemon = True
    timer.start()


ALSO_WRONG = {
    kills_all_others: "replies arrived",
    kills_the_strangers: "a connection of another program",
    closes_and_lowers_the_limit: "limit was 5 and is 2 now",
    empties_the_list: "has forgotten 3 of them",
    closes_and_throws_away: "2 connections could be borrowed, and it should be 5",
    closes_and_warms_up: "opened again",
    keeps_one_warm: "Do for each idle connection",
    waits_for_quiet: "had not returned",
    later: "Which of its methods closes connections?",
}


# -- right in other ways


def with_the_word_left_out(pool):
    return pool.disconnect(False)


def borrows_closes_and_returns(pool):
    (idle, _), _ = pool.get_connection_count()
    borrowed = [pool.get_connection() for _ in range(idle)]
    for connection in borrowed:
        connection.disconnect()
        pool.release(connection)
    return len(borrowed)


def each_free_one(pool):
    for connection in list(pool._get_free_connections()):
        connection.disconnect()


calls_the_method = operator.methodcaller("disconnect", inuse_connections=False)

ALSO_RIGHT = [with_the_word_left_out, borrows_closes_and_returns, each_free_one, calls_the_method]
