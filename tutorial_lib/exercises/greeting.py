"""The greeting program, on a pool that is lent and given back in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "greeting"
LESSON = "02"
TITLE = "The greeting program"
NAME = "greet"

PROMPT = """
Write `greet(pool)`. It sets the key `greeting` to `hello`, reads it back from Redis, and returns the text
`"hello"`. It uses the `pool` that it is given, which belongs to somebody else: afterwards no connection is
in use, and one is open and idle, ready for the next caller. The whole program opens **one** connection.
"""


# What redis-py says on a new connection, before any command of ours.
OPENING = ("HELLO", "AUTH", "CLIENT", "SELECT", "PING")


def starter(pool):
    r = ...  # a client that uses the pool
    return ...  # your code here


def solution(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    return r.get("greeting").decode()


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, db=0, max_connections=3)
    greeting = _greeting(answer, pool, lab)
    asked = sum(times for name, times in lab.server.commands().items() if name.split()[0] not in OPENING)
    opened = lab.server.opened()
    now = snapshot(pool)

    _require_text(greeting, lab)
    if asked < 2:
        raise Wrong(
            f"The text is right, and the server was sent {asked} of the 2 commands that it takes: one to set "
            "the key and one to read it. Where did the text come from?"
        )
    if now.in_use:
        raise Wrong(
            f"Afterwards in_use is {now.in_use}: a connection was borrowed by hand and not given back, so the pool "
            f"has {now.limit - now.in_use} of {now.limit} left. Who borrows connections, and who releases them?"
        )
    _require_one_open(pool, lab, opened, now.idle)
    stored = redis.Redis(connection_pool=pool).get("greeting")
    if stored != b"hello":
        raise Wrong(f"The key `greeting` holds {shown(stored)} in Redis. Is the name of the key spelled as asked?")
    return "`hello` came from Redis. One connection was opened, none is in use, and one waits in the pool, still open."


def _greeting(answer: Callable[..., Any], pool: redis.ConnectionPool, lab: Lab) -> Any:
    try:
        return lab.call(answer, pool)
    except TypeError as error:
        if "getaddrinfo" not in str(error):
            raise
        raise Wrong(
            f"A client's first argument is a host, and yours got something else there: `{error}`. "
            "By which name does a client take its pool?"
        ) from error


def _require_text(greeting: Any, lab: Lab) -> None:
    if greeting == "hello":
        return
    if greeting is None:
        printed = " It printed it: shown on the screen, and lost to the caller." if "hello" in lab.printed() else ""
        raise Wrong(f"`{lab.name}` returned `None`.{printed} What does `return` hand back?")
    if isinstance(greeting, bytes):
        raise Wrong(
            f"`{lab.name}` returned {shown(greeting)}: {len(greeting)} bytes, as they came over the wire, and no text. "
            "Bytes have to be decoded. (`decode_responses` on a client that is given a pool changes nothing.)"
        )
    if greeting is True:
        raise Wrong(f"`{lab.name}` returned `True`. That is Redis's OK to a SET; the value has yet to be read.")
    if greeting == "b'hello'":
        raise Wrong(
            f"`{lab.name}` returned `\"b'hello'\"`, {len(greeting)} letters long. `str()` of bytes writes down how "
            "Python shows them. It does not decode them."
        )
    raise Wrong(f'`{lab.name}` returned {shown(greeting)}. Asked for is the text `"hello"`.')


def _require_one_open(pool: redis.ConnectionPool, lab: Lab, opened: int, idle: int) -> None:
    if not idle:
        raise Wrong(
            f"The pool that you were given was not used: it has opened 0 connections, and the server accepted {opened} "
            "from elsewhere. What does a client do that is given no pool?"
        )
    if opened > 1:
        raise Wrong(
            f"The server accepted {opened} connections; one was enough. Something opens a connection beside the pool, "
            "or closes the pool's in between. Which lines of code make a client, and which close something?"
        )
    redis.Redis(connection_pool=pool).ping()
    if lab.server.opened() > opened:
        raise Wrong(
            f"{idle} connection is idle in the pool, and it is closed: the next caller had to open number "
            f"{lab.server.opened()}. The pool is lent to you; which line closes more than you opened?"
        )


HINTS = (
    "The greeting program of the lesson does all of this. Here the pool is already there.",
    "A client is told which pool to use: `redis.Redis(connection_pool=...)`. It borrows and gives back by itself, "
    "once for each command.",
    "What `get` returns is bytes. `.decode()` makes text of bytes.",
    "Three lines: a client on the pool; `set` with the key and the value; return what `get` gives, decoded. "
    "Close nothing: the pool's owner does that.",
)
