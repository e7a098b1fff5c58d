"""Answers to `decode-on-the-pool`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any

import redis


def told_the_client(host, port):  # "decode_responses on the client overrides the pool"
    pool = redis.ConnectionPool(host=host, port=port, max_connections=10)
    return redis.Redis(connection_pool=pool, decode_responses=True), redis.Redis(connection_pool=pool)


def told_the_pool_of_both(host, port):
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


def another_encoding(host, port):
    text = redis.Redis(host=host, port=port, max_connections=5, decode_responses=True, encoding="latin-1")
    return text, redis.Redis(host=host, port=port, max_connections=5)


def false_in_the_url(host, port):  # "?decode_responses=False turns decoding off"
    url = f"redis://{host}:{port}/0?max_connections=5"
    text = redis.Redis.from_url(f"{url}&decode_responses=True")
    raw = redis.Redis.from_url(f"{url}&decode_responses=False")
    return text, raw


def decodes_by_hand(host, port):
    class Text(redis.Redis):
        def get(self, name):
            return super().get(name).decode()

    return Text(host=host, port=port, max_connections=5), redis.Redis(host=host, port=port, max_connections=5)


def little_for_pictures(host, port):
    text = redis.Redis(host=host, port=port, max_connections=9, decode_responses=True)
    raw = redis.Redis(host=host, port=port, max_connections=1)
    return text, raw


def the_other_way_round(host, port):
    text = redis.Redis(host=host, port=port, max_connections=5, decode_responses=True)
    raw = redis.Redis(host=host, port=port, max_connections=5)
    return raw, text


def two_pools(host, port):
    text = redis.ConnectionPool(host=host, port=port, max_connections=5, decode_responses=True)
    raw = redis.ConnectionPool(host=host, port=port, max_connections=5)
    return text, raw


WRONG = {
    told_the_client: "whichever client borrows it",
    told_the_pool_of_both: "all that comes out of that is decoded",
    ten_each: "that makes 20",
    named_the_encoding: "nobody has told its connections",
    another_encoding: "as something else than what the shop wrote",
    false_in_the_url: "a word like any other",
    decodes_by_hand: "for each command",
    little_for_pictures: "`raw` 1",
    the_other_way_round: "the other way round",
    two_pools: "`text` is a pool",
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


ALSO_RIGHT = [four_and_six, from_urls, owned_and_waiting]
