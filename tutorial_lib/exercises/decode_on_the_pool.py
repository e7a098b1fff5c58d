"""Text for one part, bytes for another: two pools, within what the shop may have in all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._parts import require_client, require_several
from tutorial_lib.exercises._pools import places
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "decode-on-the-pool"
LESSON = "04"
TITLE = "Text here, bytes there"
NAME = "make_clients"

ALL = 10
EACH = 4
GREETING = "Grüß Gott"
HOURS = {"open": "9:00", "close": "18:00"}
PICTURE = b"\x89PNG\r\n\x1a\n"

PROMPT = """
The shop keeps greetings, which are text, and pictures, which are bytes. Write `make_clients(host, port)`. It returns
two clients, `text` and `raw`:

- what `text` reads comes back as `str`, whichever command reads it;
- what `raw` reads comes back as `bytes`, as it lies in Redis.

Together they may have **10** connections to the server, and no more. Each of the two must be able to have at least
**4** at the same moment.
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


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.mset({"greeting": GREETING, "picture": PICTURE})
        r.hset("hours", mapping=HOURS)
    text, raw = require_several(lab.call(answer, lab.server.host, lab.server.port), ("text", "raw"), "two clients", lab)
    text, raw = require_client(text, "`text` is"), require_client(raw, "`raw` is")
    same = text.connection_pool is raw.connection_pool
    read = _read(text, "text", same)
    untouched = _read(raw, "raw", same)
    if isinstance(read, bytes) and isinstance(untouched, str):
        raise Wrong(
            f"It is the other way round: `text` read the greeting as {shown(read)}, and `raw` as {shown(untouched)}. "
            "In which order are they returned, and asked for?"
        )
    _require_text(text, read, same)
    _require_bytes(raw, untouched, same)
    numbers = _require_places(text, raw)
    return (
        f"`text` read {shown(read)} and `raw` read {shown(PICTURE)}: each from connections that read so. "
        f"One can have {numbers[0]} at once, the other {numbers[1]}, and the server sees {ALL} at most."
    )


def _read(client: redis.Redis, name: str, same: bool) -> Any:
    try:
        return client.get("greeting")
    except redis.ConnectionError as error:
        raise Wrong(
            f"`{name}.get('greeting')` raised `{type(error).__name__}: {error}`, with nobody else about. Who has the "
            "connections?"
        ) from error


def _require_text(text: redis.Redis, read: Any, same: bool) -> None:
    if isinstance(read, str) and read != GREETING:
        raise Wrong(
            f"`text` read the greeting as {shown(read)}; in Redis it is the text {GREETING!r}. So its connections "
            "decode, as something else than what the shop wrote. In which encoding does redis-py write text, if nobody "
            "names one?"
        )
    if read != GREETING:
        because = (
            "It has the same pool as `raw`, and a connection either decodes or does not, whichever client borrows it."
            if same
            else "It has a pool of its own, and nobody has told its connections to decode."
        )
        raise Wrong(
            f"`text` read the greeting as {shown(read)}; in Redis it is the text {GREETING!r}. {because} "
            "Which argument of what turns decoding on?"
        )
    hours = text.hgetall("hours")
    if hours != HOURS:
        raise Wrong(
            f"`text.get` returns text, and `text.hgetall('hours')` returned {shown(hours)}. Decoding by hand has to be "
            "done for each command. Who could do it for all of them?"
        )


def _require_bytes(raw: redis.Redis, untouched: Any, same: bool) -> None:
    if untouched != GREETING.encode():
        because = (
            "It has the same pool as `text`, and all that comes out of that is decoded."
            if same
            else "Its pool decodes: what was it told? In a URL, `False` is a word like any other."
        )
        raise Wrong(f"`raw` read the greeting as {shown(untouched)}, and should have bytes. {because}")
    try:
        picture = raw.get("picture")
    except UnicodeDecodeError as error:
        raise Wrong(f"`raw.get('picture')` raised `UnicodeDecodeError: {error}`. A picture is no text.") from error
    if picture != PICTURE:
        raise Wrong(f"`raw` read the picture as {shown(picture)}; in Redis it is {shown(PICTURE)}.")


def _require_places(text: redis.Redis, raw: redis.Redis) -> tuple[int, int]:
    """Return how many connections each can have at once, if that is enough for it and not too many in all."""
    pools = {id(client.connection_pool): client.connection_pool for client in (text, raw)}
    given = {number: places(pool, ALL + 1) for number, pool in pools.items()}
    numbers = given[id(text.connection_pool)], given[id(raw.connection_pool)]
    if sum(given.values()) > ALL:
        more = " and more" if max(numbers) > ALL else ""
        raise Wrong(
            f"Both read as they should. At the same moment `text` could have {numbers[0]} connections and `raw` "
            f"{numbers[1]}: that makes {sum(given.values())}{more}, and {ALL} are allowed in all. "
            "What is a limit the limit of?"
        )
    if min(numbers) < EACH:
        raise Wrong(
            f"`text` could have {numbers[0]} connections at the same moment, `raw` {numbers[1]}. Each needs {EACH} at "
            f"least, and {ALL} are there to be divided."
        )
    return numbers


HINTS = (
    "A client that is given a pool drops its own word about decoding. Whose word counts?",
    "A connection either decodes or does not, for as long as it is open. So how many kinds of connections are needed, "
    "and how many pools?",
    "`decode_responses=True` is an argument of the pool. `redis.Redis(host=…, port=…, decode_responses=True)` makes a "
    "pool of its own, and hands it on.",
    "Two pools, one of them with `decode_responses=True`. Ten connections are for both: five each, or four and six.",
)
