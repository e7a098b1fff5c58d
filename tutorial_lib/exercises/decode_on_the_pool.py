"""Text for one part, bytes for another: two pools, within what the shop may have in total."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._parts import require_client, require_several
from tutorial_lib.exercises._pools import borrowable
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "decode-on-the-pool"
LESSON = "04"
TITLE = "Text for greetings, bytes for pictures"
NAME = "make_clients"

ALL = 10
EACH = 4
GREETING = "Grüß Gott"
HOURS = {"open": "9:00", "close": "18:00"}
MENU = ["tea", "cake"]
PICTURE = b"\x89PNG\r\n\x1a\n"

PROMPT = """
**Given** a shop that keeps greetings, which are text in UTF-8, and pictures, which are bytes. Both are in database 0.

**Write** `make_clients(host, port)`, which returns two clients, `text` and `raw`, in this order.

**It passes when**
- whatever `text` reads comes back as `str`, with every command;
- whatever `raw` reads comes back as `bytes`, exactly as it is in Redis;
- together the two can open **10** connections at most;
- each of the two can have at least **4** connections at the same moment.
"""


def starter(host, port):
    text = ...  # your code here
    raw = ...
    return text, raw


def solution(host, port):
    text_pool = redis.ConnectionPool(host=host, port=port, max_connections=5, decode_responses=True)
    raw_pool = redis.ConnectionPool(host=host, port=port, max_connections=5)
    text = redis.Redis(connection_pool=text_pool)
    raw = redis.Redis(connection_pool=raw_pool)
    return text, raw


WHY = """
A connection either decodes or it does not, and its pool decides that, so two kinds of reading need two pools. The
limits of the two pools add up: 5 and 5, or 4 and 6. `redis.Redis(host=…, decode_responses=True)` works too, because it
creates a pool of its own.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.mset({"greeting": GREETING, "picture": PICTURE})
        r.hset("hours", mapping=HOURS)
        r.rpush("menu", *MENU)
    text, raw = require_several(lab.call(answer, lab.server.host, lab.server.port), ("text", "raw"), "two clients", lab)
    text, raw = require_client(text, "`text` is"), require_client(raw, "`raw` is")
    same = text.connection_pool is raw.connection_pool
    read, untouched = _greeting_of(text, "text"), _greeting_of(raw, "raw")
    if isinstance(read, bytes) and isinstance(untouched, str):
        raise Wrong(
            f"The two are swapped: `text` read the greeting as {shown(read)}, and `raw` as {shown(untouched)}. "
            "In which order does your function return them?"
        )
    _require_text(text, read, same)
    _require_bytes(raw, untouched, same)
    numbers = _require_limits(text, raw)
    return (
        f"`text` read {shown(read)} and `raw` read {shown(PICTURE)}. `text` can have {numbers[0]} connections at once "
        f"and `raw` {numbers[1]}, and the server sees {ALL} at most."
    )


def _greeting_of(client: redis.Redis, name: str) -> Any:
    try:
        found = client.get("greeting")
    except redis.ConnectionError as error:
        raise Wrong(
            f"`{name}.get('greeting')` raised {named(error)}, although no other caller was using "
            "the client. What has borrowed its connections?"
        ) from error
    if found is None:
        raise Wrong(
            f"`{name}.get('greeting')` found nothing. The greeting is in database 0. In which database do the "
            f"connections of `{name}` look?"
        )
    return found


def _require_text(text: redis.Redis, read: Any, same: bool) -> None:
    if isinstance(read, str) and read != GREETING:
        raise Wrong(
            f"`text` read the greeting as {shown(read)}; in Redis it is the text {GREETING!r}, in UTF-8. Its "
            "connections do decode, but with another encoding. Which encoding does redis-py use if you name none?"
        )
    if read != GREETING:
        because = (
            "It has the same pool as `raw`, and a pool's connections either decode for all clients or for none."
            if same
            else "It has a pool of its own, and nothing told the connections of that pool to decode."
        )
        raise Wrong(
            f"`text` read the greeting as {shown(read)}; in Redis it is the text {GREETING!r}. {because} "
            "Where does `decode_responses` have to stand?"
        )
    for command, value, wanted in (
        ("hgetall('hours')", text.hgetall("hours"), HOURS),
        ("lrange('menu', 0, -1)", text.lrange("menu", 0, -1), MENU),
    ):
        if value != wanted:
            raise Wrong(
                f"`text.get` returns text, but `text.{command}` returned {shown(value)}. Decoding by hand has to be "
                "done for each command. What could do it for all of them?"
            )


def _require_bytes(raw: redis.Redis, untouched: Any, same: bool) -> None:
    if untouched != GREETING.encode():
        because = (
            "It has the same pool as `text`, and all connections of that pool decode. How many pools do you need?"
            if same
            else "The connections of its pool decode. What was the pool told? In a URL, `False` is a word like any "
            "other, and any word turns decoding on."
        )
        raise Wrong(f"`raw` read the greeting as {shown(untouched)}, and should return bytes. {because}")
    try:
        picture, hours = raw.get("picture"), raw.hgetall("hours")
    except UnicodeDecodeError as error:
        raise Wrong(
            f"`raw.get('picture')` raised `UnicodeDecodeError: {error}`. A picture is no text, so its connection must "
            "not decode. Do `text` and `raw` share a pool?"
        ) from error
    if picture != PICTURE:
        raise Wrong(
            f"`raw` read the picture as {shown(picture)}; in Redis it is {shown(PICTURE)}. Something decoded the bytes "
            "and encoded them again. Which connections would hand them out untouched?"
        )
    if any(not isinstance(part, bytes) for pair in hours.items() for part in pair):
        raise Wrong(
            f"`raw.get` returns bytes, but `raw.hgetall('hours')` returned {shown(hours)}. Encoding by hand has to be "
            "done for each command. Which connections would hand out bytes with all of them?"
        )


def _require_limits(text: redis.Redis, raw: redis.Redis) -> tuple[int, int]:
    """Return how many connections each can have at once, if that is enough for it and not too many in total."""
    pools = {id(client.connection_pool): client.connection_pool for client in (text, raw)}
    given = {number: borrowable(pool, ALL + 1) for number, pool in pools.items()}
    numbers = given[id(text.connection_pool)], given[id(raw.connection_pool)]
    if sum(given.values()) > ALL:
        at_least = "at least " if max(numbers) > ALL else ""
        raise Wrong(
            f"Both read as they should. But at the same moment `text` could have {at_least}{numbers[0]} connections "
            f"and `raw` {at_least}{numbers[1]}: {at_least}{sum(given.values())} connections in total, where {ALL} are "
            "allowed. Does `max_connections` limit your program, or one pool?"
        )
    if min(numbers) < EACH:
        raise Wrong(
            f"At the same moment `text` could have {so_many(numbers[0], 'connection')} and `raw` "
            f"{so_many(numbers[1], 'connection')}. Each needs at least {EACH}, and there are {ALL} to share. How "
            "would you divide them?"
        )
    return numbers


HINTS = (
    "A client that is given a pool ignores its own `decode_responses`. So where is decoding decided?",
    "A connection either decodes or it does not, for as long as it is open. How many kinds of connections do you need, "
    "and how many pools?",
    "`decode_responses=True` is an argument of the pool. `redis.Redis(host=…, port=…, decode_responses=True)` creates "
    "a pool of its own and passes the argument on.",
    "Create two pools, one of them with `decode_responses=True`. They share 10 connections: five each, or four and "
    "six.",
)
