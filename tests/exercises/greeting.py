"""Answers to `greeting`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def gives_bytes(pool):
    r = redis.Redis(connection_pool=pool, decode_responses=True)
    r.set("greeting", "hello")
    return r.get("greeting")


def prints_it(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    print(r.get("greeting").decode())


def returns_the_ok(pool):
    r = redis.Redis(connection_pool=pool)
    return r.set("greeting", "hello")


def str_of_bytes(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    return str(r.get("greeting"))


def never_asks(pool):
    return "hello"


def other_key(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greetings", "hello")
    return r.get("greetings").decode()


def borrows_by_hand(pool):
    connection = pool.get_connection()
    connection.send_command("SET", "greeting", "hello")
    connection.read_response()
    connection.send_command("GET", "greeting")
    return connection.read_response().decode()


def pool_as_host(pool):
    r = redis.Redis(pool)
    r.set("greeting", "hello")
    return r.get("greeting").decode()


def own_client(pool):
    where = pool.connection_kwargs
    r = redis.Redis(host=where["host"], port=where["port"])
    r.set("greeting", "hello")
    return r.get("greeting").decode()


def closes_in_between(pool):  # "always close after each command"
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    pool.disconnect()
    return r.get("greeting").decode()


def closes_the_pool(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    greeting = r.get("greeting").decode()
    pool.close()
    return greeting


WRONG = {
    gives_bytes: "5 bytes",
    prints_it: "It printed it",
    returns_the_ok: "Redis's OK to a SET",
    str_of_bytes: "It does not decode them",
    never_asks: "0 of the 2 commands",
    other_key: "The key `greeting` holds `None`",
    borrows_by_hand: "in_use is 1",
    pool_as_host: "first argument is a host",
    own_client: "was not used",
    closes_in_between: "accepted 2 connections",
    closes_the_pool: "had to open number 2",
}


# -- right in other words


def greets_with_a_pipeline(pool: Any) -> Any:
    with redis.Redis(connection_pool=pool) as r, r.pipeline() as pipe:
        return pipe.set("greeting", "hello").get("greeting").execute()[1].decode()


def greets_by_hand(pool: Any) -> Any:
    connection = pool.get_connection()
    try:
        connection.send_command("SET", "greeting", b"hello")
        connection.read_response()
        connection.send_command("GET", "greeting")
        return str(connection.read_response(), "utf-8")
    finally:
        pool.release(connection)


def greets_with_two_clients(pool: Any) -> Any:
    redis.Redis(connection_pool=pool).mset({"greeting": "hello"})
    (greeting,) = redis.Redis(connection_pool=pool).mget("greeting")
    return greeting.decode()


def greets_with_a_retry(pool: Any) -> Any:
    r = redis.Redis(connection_pool=pool, retry=Retry(NoBackoff(), 3))
    if r.ping() and not r.exists("greeting"):
        r.set("greeting", "hello", ex=60)
    return r.get("greeting").decode("utf-8")


ALSO_RIGHT = [greets_with_a_pipeline, greets_by_hand, greets_with_two_clients, greets_with_a_retry]
