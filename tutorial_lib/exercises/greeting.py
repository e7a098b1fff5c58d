"""The greeting program, on a pool that others use too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._in_use import require_none_in_use
from tutorial_lib.exercises._pools import Untouched, database_of
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "greeting"
LESSON = "01"
TITLE = "The greeting program"
NAME = "greet"

PROMPT = """
**Given** a `pool` of at most 3 connections, which other parts of the program use too.

**Write** `greet(pool)`. It sets the key `greeting` to `hello`, reads that key back from Redis and returns the text
`"hello"`.

**It passes when**
- `greet` returns the text `"hello"`, not bytes, and `greeting` holds `hello` in database 0;
- **1** connection is opened in total, and afterwards it is idle in the pool: still open, with nothing left to read;
- the rest is as it was: the pool's settings, and other keys.
"""


def starter(pool):
    r = ...  # a client that uses the pool
    return ...  # your code here


def solution(pool):
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    return r.get("greeting").decode()


WHY = """
The client borrows a connection from the pool for each command and returns it afterwards, so both commands use the same
one. The pool decides whether replies are decoded, and others share it, so decode what you read yourself. A pipeline, or
borrowing by hand with `release` in a `finally`, works too.
"""


class _Listening(redis.Connection):
    """A connection that counts how often a command of it names the key."""

    named = 0

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        parts = command if isinstance(command, (list, tuple)) else [command]
        data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
        _Listening.named += data.count(b"\r\n$8\r\ngreeting\r\n")
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as others:
        others.set("farewell", "bye")
        opened_before = lab.server.opened()
        _Listening.named = 0
        pool = redis.ConnectionPool(
            host=lab.server.host, port=lab.server.port, db=0, max_connections=3, connection_class=_Listening
        )
        untouched = Untouched(pool)
        greeting = _greeting(answer, pool, lab)
        opened, now = lab.server.opened() - opened_before, snapshot(pool)

        untouched.require(lab.name)
        _require_text(greeting, lab)
        if not now.idle + now.in_use and opened:
            raise Wrong(
                f"The pool that you were given was not used: it has opened 0 connections, and the server accepted "
                f"{opened} from elsewhere. Which pool does a client use that is not told one?"
            )
        _require_asked(others.get("greeting"), _Listening.named, sent=opened > 0)
        require_none_in_use(f"When `{lab.name}` has returned", "Which line borrows, and which returns?", pool)
        _require_one_open(pool, lab, opened, opened_before)
        if not others.exists("farewell"):
            raise Wrong("Another program had set the key `farewell`, and it is gone. Which command deletes it?")
    return (
        "`hello` came from Redis. One connection was opened; none is in use, and one is idle in the pool, still open."
    )


def _require_asked(stored: bytes | None, named: int, sent: bool) -> None:
    if not sent:
        raise Wrong(
            "The text is right, and no command was sent to Redis: nothing was set. Where did the text come from?"
        )
    if stored != b"hello" and named:
        raise Wrong(
            f"Your commands name the key `greeting`, and in database 0 it holds {shown(stored)} afterwards. "
            "It should hold `hello`, and keep it. In which database does your code set it, and for how long?"
        )
    if stored != b"hello":
        raise Wrong(f"The key `greeting` holds {shown(stored)} in Redis. Is the name of the key spelled as asked?")
    if named < 2:
        raise Wrong(
            "The text is right, but only one command named the key `greeting`: one has to set it, and one has to read "
            "it. Where did the text come from?"
        )


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
        printed = (
            " It printed the text, which shows it on the screen and does not give it to the caller."
            if "hello" in lab.printed()
            else ""
        )
        raise Wrong(f"`{lab.name}` returned `None`.{printed} It has to return the text that it reads.")
    if isinstance(greeting, bytes):
        raise Wrong(
            f"`{lab.name}` returned {shown(greeting)}: {len(greeting)} bytes, as Redis sends them, and not text. "
            "Bytes have to be decoded."
        )
    if greeting is True:
        raise Wrong(f"`{lab.name}` returned `True`, which is Redis's OK to a SET. Which command reads the value?")
    if greeting == "b'hello'":
        raise Wrong(
            f"`{lab.name}` returned `\"b'hello'\"`, {len(greeting)} characters long. `str()` of bytes writes down how "
            "Python shows them. Which method of bytes decodes them?"
        )
    raise Wrong(f'`{lab.name}` returned {shown(greeting)}, and it should return the text `"hello"`.')


def _require_one_open(pool: redis.ConnectionPool, lab: Lab, opened: int, opened_before: int) -> None:
    if opened > 1:
        raise Wrong(
            f"The server accepted {opened} connections; one was enough. Your code opens one beside the pool, borrows "
            "two at the same time, or closes the pool's in between. Which line does that?"
        )
    try:
        reply: Any = redis.Redis(connection_pool=pool).echo("next")
    except redis.RedisError as error:
        reply = error
    if lab.server.opened() - opened_before > 1:
        raise Wrong(
            "The connection in the pool could not be used again, so the next caller had to open another. Others use "
            "this pool too. Which line closes the connection, or leaves a reply in it unread?"
        )
    if isinstance(reply, str):
        raise Wrong(
            "The connection that you left in the pool decodes replies now: the next caller, who expects bytes, got "
            "text. Others share this pool. How can you decode only what you read yourself?"
        )
    if reply != b"next":
        raise Wrong(
            f"The next caller sent ECHO `next` on your connection and got {shown(reply)}. A reply was left in it "
            "unread. Is every command followed by reading its reply?"
        )
    if (database := database_of(pool, lab)) != 0:
        raise Wrong(
            f"The connection that you left in the pool is in database {database}, so the next caller works there "
            "without knowing it. Which line selects another database?"
        )


HINTS = (
    "The greeting program of the lesson does all of this. Here the pool is already there.",
    "Tell the client which pool to use: `redis.Redis(connection_pool=...)`. It borrows a connection for each command "
    "and returns it by itself.",
    "What `get` returns is bytes. `.decode()` turns bytes into text.",
    "Three lines: a client on the pool; `set` with the key and the value; return what `get` returns, decoded. "
    "Close nothing, because others use the pool too.",
)
