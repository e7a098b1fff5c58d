"""Four workers on a server that accepts ten: limits whose sum fits, and pools that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._full_server import Shop, refused
from tutorial_lib.exercises._words import so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "fit-the-server"
LESSON = "07"
TITLE = "Four workers, room for ten"
NAME = "open_worker"

SERVER_LIMIT, WORKERS, THREADS = 10, 4, 6
SHARE = SERVER_LIMIT // WORKERS
OTHER_LIMIT, OTHER_WORKERS = 15, 3
BUSY_SECONDS = 0.2
RUSHES = 3
REFUSAL = "max number of clients reached"

PROMPT = """
**Given** a shop with **4** workers, and a server that accepts **10** connections. Each worker is a process of its own,
which shares nothing with the others, and runs **6** threads.

**Write** `open_worker(host, port, server_limit, workers)`, which each worker calls once. It returns a function
`count_view()` that adds 1 to the Redis key `views:home` and returns the new number.

**It passes when**
- all 24 threads call `count_view()` at the same moment, the server doesn't answer for 0.2 s, and every call still
  returns its number: no call raises an error, and no view is lost;
- each worker uses as many connections as its share allows and no more: here **2**;
- the same function works for other shops: calculate the share from `server_limit` and `workers`.
"""


def starter(host, port, server_limit, workers):
    r = ...  # your code here

    def count_view():
        return r.incr("views:home")

    return count_view


def solution(host, port, server_limit, workers):
    share = server_limit // workers
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=share, timeout=20)
    r = redis.Redis(connection_pool=pool)

    def count_view():
        return r.incr("views:home")

    return count_view


WHY = """
The pools together must fit the server: 4 times 2 is 8 of 10. Because 6 threads share 2 connections, the pool has to
wait, and a `BlockingConnectionPool` does. A plain pool behind a semaphore, or a thread pool of 2, works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        shop = Shop(answer, lab, r)
        first = shop.worker(SERVER_LIMIT, WORKERS)
        _require_counting(first, shop)
        opened = _rush(shop, [first], SHARE, f"{THREADS} threads of one worker")
        if opened > SHARE:
            raise Wrong(_too_many(opened, shop))
        shop.set_limit(SERVER_LIMIT)
        fleet = [first, *(shop.worker(SERVER_LIMIT, WORKERS) for _ in range(WORKERS - 1))]
        all_opened = _rush(shop, fleet, opened * WORKERS, f"{THREADS * WORKERS} threads of {WORKERS} workers")
        _require_share(opened, all_opened)
        _require_other_numbers(shop)
    return (
        f"{THREADS * WORKERS} threads in {WORKERS} workers called at once, through {all_opened} connections to a "
        "server "
        f"that accepts {SERVER_LIMIT}. No call was refused, and no view was lost. A server at its limit refuses, "
        "so the waiting has to happen in your pools."
    )


def _rush(shop: Shop, workers: list[Callable[[], Any]], wanted: int, who: str) -> int:
    """Let all threads of the workers call at once. Return how many connections have been opened so far.

    Again if they were fewer than wanted: on a busy machine the threads may have come one after the other.
    """
    for _ in range(RUSHES):
        before, heard = shop.counted(), shop.lab.server.commands()
        results = shop.rush(workers * THREADS, BUSY_SECONDS)
        _require_no_errors([result for result in results if isinstance(result, redis.RedisError)], who)
        _require_numbers(results, before, shop.counted(), shop.lab.server.commands() - heard, who)
        if shop.opened() >= wanted:
            break
    return shop.opened()


def _require_counting(count_view: Callable[[], Any], shop: Shop) -> None:
    """Call it a few times, one call after the other, before there is any crowd."""
    calls = SHARE + 2
    got = [count_view() for _ in range(calls)]
    if got != [*range(1, calls + 1)] or any(isinstance(number, bool) for number in got):
        raise Wrong(
            f"The first {calls} calls returned {shown(got)}. The key is new, so they should return the numbers 1 to "
            f"{calls}, each an `int`."
        )
    if shop.counted() != calls:
        raise Wrong(
            f"The first {calls} calls returned 1 to {calls}, and in Redis `views:home` is {shop.counted()}. "
            "Where were they counted: in Python, or in a database other than 0?"
        )
    if shop.opened() > SHARE:
        raise Wrong(
            f"{calls} calls, one after the other, opened {shop.opened()} connections, and a worker's share is {SHARE}. "
            "Which line makes a connection or a pool, and how often does it run?"
        )


def _require_share(opened: int, all_opened: int) -> None:
    if all_opened < opened * WORKERS:
        raise Wrong(
            f"One worker opened {opened} connections, and {WORKERS} workers together {all_opened}: they use one pool. "
            "Here they run in one program, but processes share no variables. What was made outside of `open_worker`?"
        )
    if opened < SHARE:
        raise Wrong(
            f"No call was refused, and the workers use {all_opened} connections where {SHARE * WORKERS} fit: the "
            f"{THREADS} threads of each share {opened}. How much is {SERVER_LIMIT} / {WORKERS}, and does something "
            "else let in one thread at a time?"
        )
    if all_opened > SERVER_LIMIT:  # something was closed and opened again meanwhile
        raise Wrong(
            f"No call was refused, but the server had to accept {all_opened} connections where {SHARE * WORKERS} are "
            "enough. Which line of your code closes a connection, and why?"
        )


def _require_no_errors(errors: list[redis.RedisError], who: str) -> None:
    if not errors:
        return
    error = errors[0]
    said = f"{who} called `count_view()` at once, and {len(errors)} got `{type(error).__name__}: {error}`"
    if isinstance(error, redis.MaxConnectionsError):
        raise Wrong(f"{said}. The pool itself refused: its limit fits, but it never waits. Which kind of pool does?")
    if str(error) == "No connection available.":
        raise Wrong(f"{said}. The server answered after {BUSY_SECONDS} s. How long does your pool wait?")
    if str(error) == REFUSAL:
        raise Wrong(
            f"{said}. The server refused: it accepts {SERVER_LIMIT}. How many does each worker open, and all of them?"
        )
    raise Wrong(f"{said}. The server answered after {BUSY_SECONDS} s. Which of your settings gave up before that?")


def _require_numbers(results: list[Any], before: int, after: int, heard: Counter[str], who: str) -> None:
    wanted = range(before + 1, before + 1 + len(results))
    if after == wanted[-1] and sorted(map(str, results)) == sorted(map(str, wanted)):
        return
    said = f"{who} called `count_view()` at once, and `views:home` grew by {after - before} instead of {len(results)}."
    if after > wanted[-1]:
        raise Wrong(f"{said} A view was sent again although Redis had counted it. What sends it a second time?")
    if after == wanted[-1]:
        raise Wrong(
            f"{who} called `count_view()` at once. All views were counted, but the calls did not return the numbers "
            f"{wanted[0]} to {wanted[-1]}, each once. Does each call return what Redis answered to its own INCR?"
        )
    if heard["SET"]:
        raise Wrong(
            f"{who} called `count_view()` at once, and some views were lost: two threads read the same number before "
            "either wrote. Which command reads and adds in one step?"
        )
    raise Wrong(
        f"{said} The other calls never reached Redis, and their callers did not notice. What happens to an error that "
        "`count_view` catches?"
    )


def _too_many(opened: int, shop: Shop) -> str:
    said = f"{THREADS} threads of one worker called `count_view()` at once, and the worker"
    silences = [pool.connection_kwargs.get("socket_timeout") for pool in shop.lab.pools()]
    short = [silence for silence in silences if isinstance(silence, (int, float)) and silence <= BUSY_SECONDS]
    if short:
        return (
            f"{said} closed connections and opened others, more than its share of {SHARE}: its `socket_timeout` is "
            f"{short[0]:g} s, and the server "
            f"answered after {BUSY_SECONDS} s. How long should a caller be ready to wait for a slow server?"
        )
    shop.set_limit(SERVER_LIMIT)
    refusals = refused([opened] * (WORKERS - 1), shop.lab)
    return (
        f"{said} opened {opened} connections. All {WORKERS} workers would open {opened * WORKERS}, and the server lets "
        f"in {SERVER_LIMIT}. Tried out, it refused {refusals}: `ConnectionError: {REFUSAL}`. What is one worker's "
        "share, in whole connections?"
    )


def _require_other_numbers(shop: Shop) -> None:
    """One worker of another fleet, on a server that has room for it."""
    shop.set_limit(100)
    before, share = shop.opened(), OTHER_LIMIT // OTHER_WORKERS
    another = shop.worker(OTHER_LIMIT, OTHER_WORKERS)
    opened = _rush(shop, [another], before + share, f"{THREADS} threads of another shop's worker") - before
    if opened != share:
        raise Wrong(
            f"Right for {WORKERS} workers and {SERVER_LIMIT} connections. Another shop called `open_worker(host, port, "
            f"{OTHER_LIMIT}, {OTHER_WORKERS})`, and its worker opened {so_many(opened, 'connection')} for {THREADS} "
            f"threads; its share is {share}. Where do your numbers come from?"
        )


HINTS = (
    "A call can be refused by the server, if all pools together are too large, and by a pool that doesn't wait. You "
    "need an answer to both.",
    "Ten connections for four workers: no worker can have half a connection. `//` divides and rounds down.",
    "A worker has more threads than connections. In lesson 03 there was a kind of pool in which threads wait.",
    "Once in `open_worker`: a `BlockingConnectionPool` whose `max_connections` is this worker's share, with a "
    "`timeout` that is longer than the server may take, and a client on it for all threads.",
)
