"""Answers to `decode-on-the-pool`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any

import redis


def decodes_on_the_client(host, port):  # "decode_responses on the client overrides the pool"
    pool = redis.ConnectionPool(host=host, port=port, max_connections=10)
    return redis.Redis(connection_pool=pool, decode_responses=True), redis.Redis(connection_pool=pool)


def told_the_pool_of_both(host, port):  # "a client can switch off what its pool does"
    pool = redis.ConnectionPool(host=host, port=port, max_connections=10, decode_responses=True)
    return redis.Redis(connection_pool=pool), redis.Redis(connection_pool=pool, decode_responses=False)


def ten_each(host, port):  # "max_connections is per application"
    text = redis.Redis(host=host, port=port, max_connections=10, decode_responses=True)
    raw = redis.Redis(host=host, port=port, max_connections=10)
    return text, raw


def named_the_encoding(host, port):  # "encoding= turns decoding on"
    text = redis.Redis(host=host, port=port, max_connections=5, encoding="utf-8")
    raw = redis.Redis(host=host, port=port, max_connections=5)
    return text, raw


def another_encoding(host, port):  # "any encoding will do, if it never fails"
    text = redis.Redis(host=host, port=port, max_connections=5, decode_responses=True, encoding="latin-1")
    return text, redis.Redis(host=host, port=port, max_connections=5)


def false_in_the_url(host, port):  # "?decode_responses=False turns decoding off"
    url = f"redis://{host}:{port}/0?max_connections=5"
    text = redis.Redis.from_url(f"{url}&decode_responses=True")
    raw = redis.Redis.from_url(f"{url}&decode_responses=False")
    return text, raw


def decodes_by_hand(host, port):  # "GET is the only command that reads"
    class Text(redis.Redis):
        def get(self, name):
            return super().get(name).decode()

    return Text(host=host, port=port, max_connections=5), redis.Redis(host=host, port=port, max_connections=5)


def little_for_pictures(host, port):  # "there are few pictures"
    text = redis.Redis(host=host, port=port, max_connections=9, decode_responses=True)
    raw = redis.Redis(host=host, port=port, max_connections=1)
    return text, raw


WRONG = {
    decodes_on_the_client: "ignores its other arguments, here `decode_responses`",
    told_the_pool_of_both: "all connections of that pool decode",
    ten_each: "20 connections in total",
    named_the_encoding: "nothing told the connections",
    another_encoding: "with another encoding",
    false_in_the_url: "any word turns decoding on",
    decodes_by_hand: "for each command",
    little_for_pictures: "`raw` 1 connection.",
}


# -- the same mistakes in other shapes


def the_other_way_round(host, port):  # "decoding gives bytes"
    text = redis.Redis(host=host, port=port, max_connections=5, decode_responses=True)
    raw = redis.Redis(host=host, port=port, max_connections=5)
    return raw, text


def two_pools(host, port):  # "a pool can read"
    text = redis.ConnectionPool(host=host, port=port, max_connections=5, decode_responses=True)
    raw = redis.ConnectionPool(host=host, port=port, max_connections=5)
    return text, raw


def callback_for_get(host, port):  # names the commands that come to mind
    text = redis.Redis(host=host, port=port, max_connections=5)
    text.set_response_callback("GET", lambda reply, **options: reply and reply.decode())
    text.set_response_callback(
        "HGETALL", lambda reply, **options: {key.decode(): value.decode() for key, value in reply.items()}
    )
    return text, redis.Redis(host=host, port=port, max_connections=5)


def raw_replaces_what_it_cannot_decode(host, port):
    # "errors='replace' never raises, so pictures pass."
    pool = redis.ConnectionPool(
        host=host, port=port, decode_responses=True, encoding_errors="replace", max_connections=10
    )

    class Raw(redis.Redis):
        def execute_command(self, *args, **options):
            reply = super().execute_command(*args, **options)
            return reply.encode() if isinstance(reply, str) else reply

    return redis.Redis(connection_pool=pool), Raw(connection_pool=pool)


def one_and_nine(host, port):
    # "Pictures are bigger, so they get more."
    return (
        redis.from_url(f"redis://{host}:{port}?decode_responses=1", max_connections=1),
        redis.from_url(f"redis://{host}:{port}", max_connections=9),
    )


def ascii_ignoring_the_rest(host, port):  # "text is ASCII"
    return (
        redis.Redis(
            host=host, port=port, decode_responses=True, encoding="ascii", encoding_errors="ignore", max_connections=6
        ),
        redis.Redis(host=host, port=port, max_connections=4),
    )


def no_limits(host, port):  # "a pool opens only what it needs"
    return redis.Redis(host=host, port=port, decode_responses=True), redis.Redis(host=host, port=port)


def other_database(host, port):
    # "Two kinds of values, two databases."
    return (
        redis.Redis(host=host, port=port, db=0, decode_responses=True, max_connections=5),
        redis.Redis(host=host, port=port, db=1, max_connections=5),
    )


ALSO_WRONG = {
    the_other_way_round: "The two are swapped",
    two_pools: "`text` is a pool",
    callback_for_get: "`text.lrange('menu', 0, -1)` returned",
    raw_replaces_what_it_cannot_decode: "Something decoded the bytes",
    one_and_nine: "`text` could have 1 connection and",
    ascii_ignoring_the_rest: "with another encoding",
    no_limits: "at least 22 connections in total",
    other_database: "In which database do the connections of `raw` look",
}


# -- right in other words


def four_and_six(host: str, port: int) -> Any:
    text = redis.Redis(host=host, port=port, max_connections=4, decode_responses=True)
    return [text, redis.Redis(host=host, port=port, max_connections=6)]


def from_urls(host: str, port: int) -> Any:
    url = f"redis://{host}:{port}/0?max_connections=5"
    return redis.Redis.from_url(f"{url}&decode_responses=True"), redis.Redis.from_url(url)


def owned_and_waiting(host: str, port: int) -> Any:
    at = {"host": host, "port": port, "max_connections": 5}
    text = redis.BlockingConnectionPool(**at, decode_responses=True, timeout=1)
    return redis.Redis.from_pool(text), redis.Redis(connection_pool=redis.BlockingConnectionPool(**at))


def blocking_pools_four_and_six(host, port):
    return tuple(
        redis.Redis(
            connection_pool=redis.BlockingConnectionPool(
                host=host, port=port, max_connections=limit, timeout=5, decode_responses=decode
            )
        )
        for limit, decode in ((4, True), (6, False))
    )


def never_decodes(host, port):
    class Raw(redis.Redis):
        def execute_command(self, *words, **options):
            return super().execute_command(*words, **options, NEVER_DECODE=True)

    pool = redis.ConnectionPool(host=host, port=port, max_connections=10, decode_responses=True)
    return redis.Redis(connection_pool=pool), Raw(connection_pool=pool)


ALSO_RIGHT = [
    four_and_six,
    from_urls,
    owned_and_waiting,
    blocking_pools_four_and_six,
    never_decodes,
]
