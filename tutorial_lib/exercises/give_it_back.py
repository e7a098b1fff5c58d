"""Borrow by hand so that the connection is returned whatever happens, and no reply reaches another caller."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import borrowed_from
from tutorial_lib.exercises._in_use import open_and_in_use, require_others_undisturbed
from tutorial_lib.exercises._pools import Untouched, require_one_opened
from tutorial_lib.pools.anatomy import in_use_now
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "give-it-back"
LESSON = "05"
TITLE = "Return it, whatever happens"
NAME = "ask"

PROMPT = """
**Given** `ask(pool, words, meanwhile)`, which borrows a connection by hand. It sends the command, calls `meanwhile()`
while Redis is at work, and then reads and returns the reply, as in `ask(pool, ("GET", "greeting"), show_spinner)`. It
never returns the connection to the pool.

**Write** an `ask` that does the same, and returns its connection however it ends:

- the reply comes;
- Redis answers with an error;
- `meanwhile()` raises something, such as the `KeyboardInterrupt` of a user who presses stop.

**It passes when**
- after each of these endings your connection is **not in use**, and the caller got the reply or the error;
- the next calls get **their own replies**, even after an interruption;
- your connection stays borrowed until its reply has been read;
- **2** calls that went well open **1** connection in total;
- others who have borrowed from the same pool keep their connections.
"""


def starter(pool, words, meanwhile):
    connection = pool.get_connection()
    connection.send_command(*words)
    meanwhile()
    return connection.read_response()


def solution(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


WHY = """
`finally` runs on every way out, so the connection is always released. After an error its reply may still be on the way,
so it is disconnected first: the pool opens it again for the next borrower, and the old reply is lost. Reading the
leftover reply before the release works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = _WatchedPool(lab.server.host, lab.server.port)
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.mset({"greeting": "hello", "views:home": 41})
    with borrowed_from(pool, 1) as (others,):
        opened_before, shared = lab.server.opened(), Untouched(pool)
        _require_reply(answer, lab, pool)
        _require_returned(pool, others, _REPLIED)
        lab.call(answer, pool, ("GET", "greeting"), _nothing)
        idea = "Once its reply has been read, a connection can be used again. What closes it, or forgets it?"
        opened = lab.server.opened() - opened_before
        require_one_opened(opened, "Two calls that went well, one after the other,", idea)
        _require_error(answer, lab, pool, redis.ResponseError, ("LLEN", "greeting"), _nothing)
        _require_returned(pool, others, "Redis answered with an error, `WRONGTYPE`")
        _require_error(answer, lab, pool, RuntimeError, ("ECHO", "SECRET"), _the_spinner_breaks)
        _require_returned(pool, others, "`meanwhile()` raised a `RuntimeError`")
        _require_own_replies(
            answer,
            lab,
            pool,
            RuntimeError,
            "The reply to `SECRET` was on its way. What makes sure that no one reads it?",
        )
        _require_error(answer, lab, pool, KeyboardInterrupt, ("ECHO", "SECRET"), _the_user_presses_stop)
        _require_returned(pool, others, "`meanwhile()` raised a `KeyboardInterrupt`")
        _require_own_replies(
            answer,
            lab,
            pool,
            KeyboardInterrupt,
            "After a `RuntimeError` the replies were right. But a `KeyboardInterrupt` is no `Exception`. Which class "
            "do both of them belong to?",
        )
        shared.require("ask")
    return (
        "A reply, an error and two interruptions: each time your connection was returned, no other was touched, and "
        "the next call got its own reply."
    )


_REPLIED = "The reply came"


class _WatchedPool(redis.ConnectionPool):
    """A pool that notes whether a reply was read from one of its connections while that was not borrowed."""

    def __init__(self, host: str, port: int) -> None:
        pool = self

        class Watched(redis.Connection):
            def read_response(self, *arguments: Any, **options: Any) -> Any:
                pool.read_after_release |= id(self) not in in_use_now(pool)
                return super().read_response(*arguments, **options)

        self.read_after_release = False
        super().__init__(Watched, host=host, port=port, max_connections=3)


def _nothing() -> None:
    pass


def _the_spinner_breaks() -> None:
    raise RuntimeError("the spinner broke")


def _the_user_presses_stop() -> None:
    raise KeyboardInterrupt


def _require_reply(answer: Callable[..., Any], lab: Lab, pool: _WatchedPool) -> None:
    seen: list[tuple[int, bool]] = []

    def meanwhile() -> None:
        seen.append((snapshot(pool).in_use - 1, _arrives(lab, "GET")))  # one is in use by others

    reply = lab.call(answer, pool, ("GET", "greeting"), meanwhile)
    if reply != b"hello":
        raise Wrong(f"Asked for the greeting, `ask` returned {shown(reply)}. Redis replied `b'hello'`.")
    if not seen:
        raise Wrong(
            "`ask` returned the reply and never called `meanwhile()`. Call it after you have sent the command and "
            "before you read the reply."
        )
    if len(seen) > 1:
        raise Wrong(
            f"`ask` called `meanwhile()` {len(seen)} times for one command. The caller asked for one call. What runs "
            "more than once?"
        )
    in_use, sent = seen[0]
    if not sent or not in_use:
        raise Wrong(
            f"When `meanwhile()` was called, you had {in_use or 'no'} connection in use, and the server had "
            f"{'already received the command' if sent else 'not received the command'}. First send, then call "
            "`meanwhile()`, then read: all on one borrowed connection."
        )
    if pool.read_after_release:
        raise Wrong(
            "`ask` released its connection first and read the reply from it afterwards. In between, another thread "
            "could have borrowed that connection, and the two would have mixed up their replies. What has to come "
            "before `release`?"
        )


def _arrives(lab: Lab, command: str) -> bool:
    """Wait until the server has received ``command``: what was sent may still be under way."""
    deadline = monotonic() + 0.5
    while not lab.server.commands()[command] and monotonic() < deadline:
        sleep(0.01)
    return lab.server.commands()[command] > 0


def _require_error(
    answer: Callable[..., Any],
    lab: Lab,
    pool: redis.ConnectionPool,
    kind: type[BaseException],
    words: tuple[str, str],
    meanwhile: Callable[[], None],
) -> None:
    try:
        value = lab.call(answer, pool, words, meanwhile)
    except kind:
        return
    except Exception as error:
        if not isinstance(error.__cause__, kind):
            raise
        value = error
    raise Wrong(
        f"`{' '.join(words)}` ended in a `{kind.__name__}`, and the caller got {shown(value)} instead of the error. "
        "How can a connection be returned without catching the error for good?"
    )


def _require_own_replies(
    answer: Callable[..., Any], lab: Lab, pool: redis.ConnectionPool, kind: type[BaseException], idea: str
) -> None:
    after = [lab.call(answer, pool, ("GET", key), _nothing) for key in ("greeting", "views:home")]
    if after != [b"hello", b"41"]:
        raise Wrong(
            f"One call asked for `SECRET`, and a `{kind.__name__}` interrupted it. Its connection was returned, and "
            f"the next two calls, for `greeting` and `views:home`, got {shown(after[0])} and {shown(after[1])}. {idea}"
        )


def _require_returned(pool: redis.ConnectionPool, others: redis.Connection, what: str) -> None:
    kept = snapshot(pool).in_use - 1
    if kept > 0:
        is_closed = open_and_in_use(pool) - others.is_connected == 0
        idea = (
            "Where does your code release it?"
            if what == _REPLIED
            else "Which lines of Python run after an error as well as after a reply?"
        )
        closed = " It is disconnected, but that changes nothing: the pool still counts it." if is_closed else ""
        raise Wrong(
            f"{what}, and afterwards {kept} of your connections {'is' if kept == 1 else 'are'} in use. Only `release` "
            f"returns a connection.{closed} {idea}"
        )
    if kept < 0:
        raise Wrong(
            f"{what}. Another caller had borrowed from this pool too, and now the pool says that 0 connections are in "
            "use: it has forgotten all of them. How do you return your own connection alone?"
        )
    require_others_undisturbed(what, others)


HINTS = (
    "The lines below one that raises do not run. Which keyword of Python begins a block that runs in any case?",
    "`try` begins after the connection is borrowed, and `finally` holds the `release`. Errors pass through a "
    "`finally` and reach the caller.",
    "After an interruption the reply is still to come. On a connection that is disconnected it can't be read, and "
    "the pool opens that connection again for the next borrower.",
    "Between `try` and `finally` there is room for an `except BaseException`, the class that all errors belong to. It "
    "disconnects, and a bare `raise` sends the error on.",
)
