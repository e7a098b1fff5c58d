"""A pool from a URL, as a setting would give it, with a limit and text instead of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._pools import database_of, require_limit, require_pool
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "pool-from-url"
LESSON = "01"
TITLE = "A pool from a URL"
NAME = "pool_from_url"

WORD = "Grüße"

PROMPT = """
**Given** a URL from the settings of a program, such as `redis://127.0.0.1:6379/1`: it names a host, a port and a
database.

**Write** `pool_from_url(url)`, which returns a pool for the server and the database in the URL.

**It passes when**
- the pool's connections are in the database that the URL names, for two different URLs;
- the pool hands out **4** connections at the same time and refuses the next;
- a client on the pool reads text (`"Grüße"`) and not bytes (`b"Gr\\xc3\\xbc\\xc3\\x9fe"`), where another program has
  stored that text in UTF-8.
"""


def starter(url):
    pool = ...  # your code here
    return pool


def solution(url):
    pool = redis.ConnectionPool.from_url(url, max_connections=4, decode_responses=True)
    return pool


WHY = """
`from_url` reads host, port and database from the URL and hands every other argument to the pool. The pool creates the
connections, and a connection decodes, so `decode_responses` belongs to the pool. `BlockingConnectionPool.from_url`, or
both settings in the URL's query, works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    address = f"redis://{lab.server.host}:{lab.server.port}"
    for database in (1, 2):  # two, so that the number cannot be written into the function
        pool = require_pool(lab.call(answer, f"{address}/{database}"), lab)
        seen = database_of(pool, lab)
        if seen != database:
            raise Wrong(
                f"For a URL that ends in /{database} the server sees your connection in database {seen}. "
                "Which part of your code reads that part of the URL?"
            )
        with redis.Redis(host=lab.server.host, port=lab.server.port, db=database) as r:
            r.set("word", WORD)
        _require_text(pool)
        require_limit(pool, 4)
    return "Two URLs, two databases: each pool went where its URL says, held 4 connections, and returned text."


def _require_text(pool: redis.ConnectionPool) -> None:
    # Asked of a connection itself: a method of a client can be replaced.
    connection = pool.get_connection()
    try:
        connection.send_command("GET", "word")
        word = connection.read_response()
    except UnicodeDecodeError as error:
        raise Wrong(
            f"Reading the text `{WORD!r}` raised `{error}`. Redis stores bytes, here in UTF-8. {_ENCODING}"
        ) from error
    finally:
        pool.release(connection)
    if isinstance(word, bytes):
        raise Wrong(
            f"A client on your pool read {shown(word)}, which is bytes, where another program had stored "
            f'`"{WORD}"`. The pool creates the connections, so it decides whether they decode. Which setting is that?'
        )
    if word != WORD:
        raise Wrong(
            f'A client on your pool read {shown(word)}, where another program had stored `"{WORD}"`. {_ENCODING}'
        )


_ENCODING = "Which encoding do your settings ask for, and which would redis-py use by itself?"

HINTS = (
    "You don't need to take the URL apart yourself. Which method of the pool's class takes one?",
    "`redis.ConnectionPool.from_url(url)` reads host, port and database. What is still missing?",
    "After the URL, `from_url` takes the same named arguments as the pool: the limit, and `decode_responses`.",
)
