"""A connection that introduces itself in two commands, and still has a name and a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._pools import refused_arguments, require_pool
from tutorial_lib.network.counts import RequestCounter
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "lean-handshake"
LESSON = "01"
TITLE = "Hello in two words"
NAME = "lean_pool"

MOST = 2

PROMPT = """
A function in the cloud starts, asks Redis one thing and ends, thousands of times an hour. It cannot keep its
connection, so it should open one in few words.

Write `lean_pool(host, port)`. It returns a pool whose connections are called `shop` in CLIENT LIST, are in database
**1**, and send at most **2** commands before the first of yours. Building the pool opens no connection: what is said
early is said all the same.
"""


def starter(host, port):
    pool = ...  # your code here
    return pool


def solution(host, port):
    pool = redis.ConnectionPool(host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None)
    return pool


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = require_pool(lab.call(answer, lab.server.host, lab.server.port), lab)
    if early := lab.server.opened():
        raise Wrong(
            f"While the pool was being built, {early} connection was opened. Whatever it said was said, only sooner, "
            "and the next connection will say it again. Which line of code talks to the server?"
        )
    said, name, database = _open_one(pool, lab)
    words = f"{len(said)} command{'' if len(said) == 1 else 's'}"
    if name != "shop":
        called = f"is called `{name}`" if name else "has no name"
        raise Wrong(
            f"The connection {called} in CLIENT LIST; asked for is `shop`. It sent {words} before "
            "yours, and one to give its name is worth its round trip. Which setting of a connection is that?"
        )
    if database != 1:
        raise Wrong(
            f"The connection is in database {database}; asked for is database 1. It sent {words} "
            "before yours. Each new connection begins in database 0, and has to be told."
        )
    if len(said) > MOST:
        raise Wrong(
            f"Before yours a new connection sent {len(said)} commands: {', '.join(f'`{word}`' for word in said)}. "
            f"Allowed are {MOST}, and the name and the database take one each. {_whose(said)}"
        )
    return (
        f"Called `shop`, in database 1, after {len(said)} commands ({', '.join(f'`{word}`' for word in said)}), where "
        "redis-py by itself would have sent 6: from 8 round trips for a GET on a new connection to "
        f"{len(said) + 2}."
    )


def _open_one(pool: Any, lab: Lab) -> tuple[list[str], str, int]:
    """Open a connection as the pool would, and return what it said, its name, and its database."""
    try:
        connection = pool.make_connection()
    except TypeError as error:
        raise refused_arguments(pool, error) from error
    said: Counter[str] = Counter()
    listener, send = RequestCounter(said), connection.send_packed_command

    def heard(command: Any, *more: Any, **options: Any) -> Any:
        parts = command if isinstance(command, (list, tuple)) else [command]
        listener.feed(b"".join(part.encode() if isinstance(part, str) else part for part in parts))
        return send(command, *more, **options)

    # What an old server does not know, it does not count: so listen where it is said.
    connection.send_packed_command = heard
    try:
        connection.connect()
        words = list(said.elements())
        connection.send_command("CLIENT", "ID")
        number = connection.read_response()
        client = next(client for client in lab.server.clients() if client.id == number)
    finally:
        del connection.send_packed_command
        connection.disconnect()
    return words, client.name, client.db


def _whose(said: list[str]) -> str:
    if "HELLO" in said and "CLIENT SETINFO" in said:
        return "Which of the others speak of the protocol, and which of redis-py itself?"
    if "CLIENT SETINFO" in said:
        return "Who is introduced by `CLIENT SETINFO`, and does the server need to know?"
    if "CLIENT MAINT_NOTIFICATIONS" in said:
        return "Two of the others belong to one version of the protocol. Which does a server speak unasked?"
    return "Who asks for `HELLO`, and would the server have understood without?"


HINTS = (
    'The lesson\'s class `Aloud` shows what a connection says. Try it with `db=1` and `client_name="shop"`.',
    "Six commands: two of them are asked for here. The other four are about the protocol and about redis-py itself.",
    "The lesson's section *Before your GET* leaves all four out, with two arguments.",
    "A pool with `db` and `client_name`, and with protocol 2 and no `driver_info`.",
)
