"""Looking at a pool that a learner made: is it one, where does it lead, how many places has it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.elsewhere import WentElsewhere
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

DEFAULT_LIMIT = 100
TRIES = 3


def require_pool(value: Any, lab: Lab) -> redis.ConnectionPool:
    """Return the value if it is a pool; otherwise raise Wrong, with a sentence about what it is."""
    if isinstance(value, redis.ConnectionPool):
        return value
    if value is None:
        raise Wrong(f"`{lab.name}` returned `None`. A pool was perhaps made, and then lost: what does `return` say?")
    if isinstance(value, redis.Redis):
        raise Wrong(
            f"`{lab.name}` returned a client (`Redis`). A client *uses* a pool. "
            "Asked for is the pool itself, so that many clients can share it."
        )
    if isinstance(value, type) and issubclass(value, redis.ConnectionPool):
        raise Wrong(
            f"`{lab.name}` returned the class `{value.__name__}` itself. A class makes pools when it is called, "
            "with parentheses and arguments."
        )
    raise Wrong(f"`{lab.name}` returned {shown(value)}, a `{type(value).__name__}`. Asked for is a connection pool.")


def made_pool(answer: Callable[..., Any], lab: Lab, *arguments: Any) -> redis.ConnectionPool:
    """Call the answer, and return the pool that it makes; Wrong if it makes none."""
    try:
        return require_pool(lab.call(answer, *arguments), lab)
    except AttributeError as error:
        # The third argument of a pool is its cache: `ConnectionPool(host, port, 0, 5)` stops inside redis-py over it.
        if error.name != "enabled":
            raise
        raise Wrong(
            "Arguments without names are taken in the pool's own order, which does not begin with host and port: "
            f"redis-py took one of yours for something else (`{error}`). Give each argument its name."
        ) from error


def borrow(pool: redis.ConnectionPool) -> redis.Connection:
    """Borrow a connection of the learner's pool; Wrong if the pool was given something that no connection takes.

    Where the pool gives little time to open one, a machine that is busy with something else may miss it once or twice.
    """
    try:
        for _ in range(TRIES - 1):
            with suppress(redis.TimeoutError):
                return pool.get_connection()
        return pool.get_connection()
    except TypeError as error:
        raise refused_arguments(pool, error) from error
    except ValueError as error:
        raise Wrong(
            f"The pool was built without a complaint, and its first connection failed: `{error}`. "
            "A name between quotes is a text; without quotes it is the value that your function was given."
        ) from error
    except WentElsewhere as error:
        if "://" in error.host:
            raise Wrong(
                f"The pool looked for a host that is called `{error.host}`. A host is a name or a number; "
                "what understands a whole URL is something else."
            ) from error
        raise


def refused_arguments(pool: redis.ConnectionPool, error: TypeError) -> Wrong:
    """Say why the pool's first connection could not even be made. To be raised."""
    if not isinstance(pool.connection_class, type):
        return Wrong(
            f"{shown(pool.connection_class)} became the *class* of the pool's connections, for that is what a pool's "
            f"first argument is. Its first connection failed: `{error}`. Give each argument its name."
        )
    return Wrong(
        "The pool was built without a complaint, and its first connection failed: "
        f"`{error}`. A pool hands arguments that it does not know to its connections. How is each one spelled?"
    )


def database_of(pool: redis.ConnectionPool, lab: Lab) -> int:
    """Return the database that a connection of this pool is in, as the server sees it."""
    connection = borrow(pool)
    try:
        connection.send_command("CLIENT", "ID")
        number = connection.read_response()
        return next(client.db for client in lab.server.clients() if client.id == number)
    finally:
        pool.release(connection)


@contextmanager
def impatient(pool: redis.ConnectionPool) -> Iterator[None]:
    """Inside, a blocking pool waits for a moment only, so that its limit can be seen like a plain pool's."""
    if not isinstance(pool, redis.BlockingConnectionPool):
        yield
        return
    patience, pool.timeout = pool.timeout, 0.05
    try:
        yield
    finally:
        pool.timeout = patience


def places(pool: redis.ConnectionPool, at_most: int) -> int:
    """Borrow connections until the pool gives no more, or ``at_most`` are out. Give them back, and return how many."""
    borrowed: list[redis.Connection] = []
    try:
        with impatient(pool):
            while len(borrowed) < at_most:
                borrowed.append(borrow(pool))
    except redis.ConnectionError:
        # What a full pool says. A server that is down would say it too, so nothing may have been borrowed.
        if not borrowed:
            raise
    finally:
        for connection in borrowed:
            pool.release(connection)
    return len(borrowed)


def require_places(pool: redis.ConnectionPool, wanted: int) -> None:
    """Raise Wrong unless the pool gives out ``wanted`` connections at once and refuses the next."""
    given = places(pool, wanted + 1)
    if given > wanted:
        limit = pool.max_connections
        because = " That is the limit of a pool which is told none." if limit == DEFAULT_LIMIT else ""
        raise Wrong(
            f"Asked for one connection after the other, the pool gave out number {given} too: it may hold {limit}."
            f"{because} At {wanted} it should refuse the next. Which argument is the limit?"
        )
    if given < wanted:
        raise Wrong(
            f"The pool gave out {given} of {wanted} connections and refused the next. "
            "Is its limit too low, or has somebody kept connections?"
        )


def left_in_use(pool: redis.ConnectionPool, within: float = 1.0) -> int:
    """Return how many connections are in use, after those that are about to come back have had ``within`` seconds."""
    deadline = monotonic() + within
    while (in_use := snapshot(pool).in_use) and monotonic() < deadline:
        sleep(0.01)
    return in_use
