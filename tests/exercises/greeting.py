"""Answers to `greeting`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def gives_bytes(pool):  # "decode_responses is the client's"
    r = redis.Redis(connection_pool=pool, decode_responses=True)
    r.set("greeting", "hello")
    return r.get("greeting")


def decodes_for_everybody(pool):  # "it is my pool"
    pool.connection_kwargs["decode_responses"] = True
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    return r.get("greeting")


def prints_it(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    print(r.get("greeting").decode())


def str_of_bytes(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    return str(r.get("greeting"))


def never_asks(pool):
    return "hello"


def borrows_by_hand(pool):
    connection = pool.get_connection()
    connection.send_command("SET", "greeting", "hello")
    connection.read_response()
    connection.send_command("GET", "greeting")
    return connection.read_response().decode()


def own_client(pool):
    where = pool.connection_kwargs
    r = redis.Redis(host=where["host"], port=where["port"])
    r.set("greeting", "hello")
    return r.get("greeting").decode()


def closes_the_pool(pool):  # "close what you have used"
    with redis.Redis.from_pool(pool) as r:
        r.set("greeting", "hello")
        return r.get("greeting").decode()


WRONG = {
    gives_bytes: "5 bytes",
    decodes_for_everybody: "they get text instead of bytes",
    prints_it: "It printed the text",
    str_of_bytes: "how Python shows them",
    never_asks: "no command was sent to Redis",
    borrows_by_hand: "in_use is 1",
    own_client: "was not used",
    closes_the_pool: "could not be used again",
}


def returns_the_ok(pool):
    r = redis.Redis(connection_pool=pool)
    return r.set("greeting", "hello")


def only_sets(pool):
    redis.Redis(connection_pool=pool).set("greeting", "hello")
    return "hello"


def reads_another_key(pool):  # the right number of commands
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    r.get("something else")
    return "hello"


def other_key(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greetings", "hello")
    return r.get("greetings").decode()


def other_database(pool):  # and leaves the connection there
    connection = pool.get_connection()
    connection.send_command("SELECT", 3)
    connection.read_response()
    pool.release(connection)
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    return r.get("greeting").decode()


def leaves_it_in_another_database(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    greeting = r.get("greeting").decode()
    r.execute_command("SELECT", 3)
    return greeting


def pool_as_host(pool):
    r = redis.Redis(pool)
    r.set("greeting", "hello")
    return r.get("greeting").decode()


def closes_in_between(pool):  # "always close after each command"
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    pool.disconnect()
    return r.get("greeting").decode()


def decodes_and_hides_it(pool):  # the setting is as before, the open connection is not
    settings = dict(pool.connection_kwargs)
    pool.connection_kwargs["decode_responses"] = True
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    greeting = r.get("greeting")
    pool.connection_kwargs.clear()
    pool.connection_kwargs.update(settings)
    return greeting


def leaves_a_reply(pool):
    connection = pool.get_connection()
    for command in (("SET", "greeting", "hello"), ("GET", "greeting"), ("PING",)):
        connection.send_command(*command)
    connection.read_response()
    greeting = connection.read_response().decode()
    pool.release(connection)
    return greeting


def makes_the_pool_smaller(pool):
    pool.max_connections = 1
    return redis.Redis(connection_pool=pool).set("greeting", "hello") and "hello"


def clears_the_database(pool):  # "begin with an empty one"
    r = redis.Redis(connection_pool=pool)
    r.flushdb()
    r.set("greeting", "hello")
    return r.get("greeting").decode()


ALSO_WRONG = {
    returns_the_ok: "Redis's OK to a SET",
    only_sets: "only one command named the key",
    reads_another_key: "only one command named the key",
    other_key: "The key `greeting` holds `None`",
    other_database: "In which database",
    leaves_it_in_another_database: "in the pool is in database 3",
    pool_as_host: "first argument is a host",
    closes_in_between: "accepted 2 connections",
    decodes_and_hides_it: "decodes replies now",
    leaves_a_reply: "in it unread",
    makes_the_pool_smaller: "`max_connections` was `3` and is now `1`",
    clears_the_database: "the key `farewell`, and it is gone",
}


# -- right in other words


def greets_with_a_pipeline(pool):
    with redis.Redis(connection_pool=pool) as r, r.pipeline() as pipe:
        return pipe.set("greeting", "hello").get("greeting").execute()[1].decode()


def greets_by_hand(pool):
    connection = pool.get_connection()
    try:
        connection.send_command("SET", "greeting", b"hello")
        connection.read_response()
        connection.send_command("GET", "greeting")
        return str(connection.read_response(), "utf-8")
    finally:
        pool.release(connection)


def greets_with_two_clients(pool):
    redis.Redis(connection_pool=pool).mset({"greeting": "hello"})
    (greeting,) = redis.Redis(connection_pool=pool).mget("greeting")
    return greeting.decode()


def greets_with_a_retry(pool):
    r = redis.Redis(connection_pool=pool, retry=Retry(NoBackoff(), 3))
    if r.ping() and not r.exists("greeting"):
        r.set("greeting", "hello", ex=60)
    return r.get("greeting").decode("utf-8")


def greets_in_a_thread(pool):
    found = []

    def greet():
        with redis.Redis(connection_pool=pool, single_connection_client=True) as r:
            r.set("greeting", "hello")
            found.append(r.get("greeting").decode())

    thread = threading.Thread(target=greet)
    thread.start()
    thread.join()
    return found[0]


ALSO_RIGHT = [
    greets_with_a_pipeline,
    greets_by_hand,
    greets_with_two_clients,
    greets_with_a_retry,
    greets_in_a_thread,
]
