"""Borrow by hand so that the connection comes back whatever happens, and carries nobody's answer to the next."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import lent_out
from tutorial_lib.exercises._lent import open_and_lent
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "give-it-back"
LESSON = "05"
TITLE = "Give it back, whatever happens"
NAME = "ask"

PROMPT = """
`ask(pool, words, meanwhile)` borrows a connection by hand. It sends the command, calls `meanwhile()` while Redis is at
work, and returns the reply: `ask(pool, ("GET", "greeting"), show_spinner)`.

It gives nothing back. Mend it, for every ending: the reply comes; Redis answers with an error; `meanwhile()` raises
something, be it the `KeyboardInterrupt` of somebody who presses stop. Errors go on to the caller. Afterwards yours is
**not in use**, the next question gets **its own answer**, and two that went well opened **one** connection. Others who
have borrowed from the pool notice nothing.
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


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=3)
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.mset({"greeting": "hello", "views:home": 41})
    with lent_out(pool, 1) as (others,):
        opened_before = lab.server.opened()
        _require_reply(answer, lab, pool)
        _require_back(pool, others, "The reply came")
        lab.call(answer, pool, ("GET", "greeting"), _nothing)
        opened = lab.server.opened() - opened_before
        if opened > 1:
            raise Wrong(
                f"Two questions that went well, one after the other, opened {opened} connections, where one was "
                "enough. A connection whose reply has been read is clean: who hangs up, or forgets it?"
            )
        _require_error(answer, lab, pool, redis.ResponseError, ("LLEN", "greeting"), _nothing)
        _require_back(pool, others, "Redis answered with an error, `WRONGTYPE`")
        _require_error(answer, lab, pool, RuntimeError, ("ECHO", "SECRET"), _the_spinner_breaks)
        _require_back(pool, others, "`meanwhile()` raised a `RuntimeError`")
        _require_own_answers(
            answer, lab, pool, RuntimeError, "A reply was on its way. How do you make sure that nobody reads it?"
        )
        _require_error(answer, lab, pool, KeyboardInterrupt, ("ECHO", "SECRET"), _somebody_presses_stop)
        _require_back(pool, others, "Somebody pressed stop between question and answer")
        _require_own_answers(
            answer,
            lab,
            pool,
            KeyboardInterrupt,
            "After a `RuntimeError` your connection was clean. But a `KeyboardInterrupt` is no `Exception`. "
            "What is it that both of them are?",
        )
    return (
        "A reply, an error and two interruptions: each time yours was back, nobody else's was touched, and the next "
        "caller got its own answer. That is all that borrowing by hand needs."
    )


def _nothing() -> None:
    pass


def _the_spinner_breaks() -> None:
    raise RuntimeError("the spinner broke")


def _somebody_presses_stop() -> None:
    raise KeyboardInterrupt


def _require_reply(answer: Callable[..., Any], lab: Lab, pool: redis.ConnectionPool) -> None:
    seen: list[tuple[int, bool]] = []

    def meanwhile() -> None:
        seen.append((snapshot(pool).in_use - 1, _arrives(lab, "GET")))  # one is somebody else's

    reply = lab.call(answer, pool, ("GET", "greeting"), meanwhile)
    if reply != b"hello":
        raise Wrong(f"Asked for the greeting, `ask` returned {shown(reply)}. Redis replied `b'hello'`.")
    if not seen:
        raise Wrong("`ask` returned the reply, and never called `meanwhile()`. It belongs between question and answer.")
    in_use, sent = seen[0]
    if not sent or not in_use:
        raise Wrong(
            f"When `meanwhile()` was called, you had {in_use} connections in use, and the server had "
            f"{'received the question' if sent else 'received no question'}. First send, then call it, then read: "
            "all on one borrowed connection."
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
    raise Wrong(
        f"`{' '.join(words)}` ended in a `{kind.__name__}`, and the caller got {shown(value)} instead. Whoever asked "
        "has to hear of it. Can a connection be given back without catching the error for good?"
    )


def _require_own_answers(
    answer: Callable[..., Any], lab: Lab, pool: redis.ConnectionPool, kind: type[BaseException], idea: str
) -> None:
    after = [lab.call(answer, pool, ("GET", key), _nothing) for key in ("greeting", "views:home")]
    if after != [b"hello", b"41"]:
        raise Wrong(
            f"Somebody asked for `SECRET`, and a `{kind.__name__}` came between. The connection came back, and the "
            f"next two questions, for `greeting` and `views:home`, were answered {shown(after[0])} and "
            f"{shown(after[1])}. {idea}"
        )


def _require_back(pool: redis.ConnectionPool, others: redis.Connection, what: str) -> None:
    kept = snapshot(pool).in_use - 1
    if kept > 0:
        still_open = open_and_lent(pool) - others.is_connected
        is_cut = "" if still_open else " Its wire is cut, which changes nothing: to the pool it is still lent."
        raise Wrong(
            f"{what}, and afterwards {kept} of yours is in use. Nothing but `release` gives it back.{is_cut} "
            "Is there a line that runs after an error as well as after a reply?"
        )
    if kept < 0:
        raise Wrong(
            f"{what}. Somebody else has borrowed from this pool too, and it says that 0 are in use: it has forgotten "
            "everybody. How do you give back your own connection alone?"
        )
    if not others.is_connected:
        raise Wrong(
            f"{what}. Somebody else had borrowed from this pool too, and was cut off. Which object is yours to hang "
            "up, and which is everybody's?"
        )


HINTS = (
    "What stands below a line that raises is not run. Which word of Python names lines that run in any case?",
    "`try` begins after the connection is borrowed, and `finally` holds the `release`. Errors pass through a "
    "`finally` and reach the caller.",
    "After an interruption the reply is still to come. On a connection that is hung up nobody can read it, and "
    "the pool opens it anew for the next borrower.",
    "Between `try` and `finally` there is room for an `except` of the kind that all errors are, `BaseException`. It "
    "disconnects, and a bare `raise` sends the error on.",
)
