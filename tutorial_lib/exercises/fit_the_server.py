"""Four workers on a server that lets in ten: limits whose sum fits, and pools that wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._full_server import Shop, refused
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "fit-the-server"
LESSON = "06"
TITLE = "Four workers, room for ten"
NAME = "open_worker"

SERVER_LIMIT, WORKERS, THREADS = 10, 4, 6
SHARE = SERVER_LIMIT // WORKERS
OTHER_LIMIT, OTHER_WORKERS = 15, 3
BUSY_SECONDS = 0.2
RUSHES = 3
REFUSAL = "max number of clients reached"

PROMPT = """
The shop runs in **4** workers, and its server lets in **10** connections. Each worker is a process of its own, which
shares nothing with the others, and has **6** threads.

Write `open_worker(host, port, server_limit, workers)`, which each worker calls once. It returns a function
`count_view()` that adds 1 to `views:home` and returns the new number. All 24 threads call it at the same moment, on a
server that takes its time (0.2 s). Nobody may be refused, by the server or by a pool, and no view may be lost.

And nothing is wasted: each worker uses as many connections as its share allows, which is 2 here. Other shops have
other numbers, so work it out from `server_limit` and `workers`.
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


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        shop = Shop(answer, lab, r)
        first = shop.worker(SERVER_LIMIT, WORKERS)
        _require_counting(first, shop)
        opened = _rush(shop, [first], SHARE, f"{THREADS} threads of one worker called")
        if opened > SHARE:
            raise Wrong(_too_many(opened, shop))
        shop.set_limit(SERVER_LIMIT)
        fleet = [first, *(shop.worker(SERVER_LIMIT, WORKERS) for _ in range(WORKERS - 1))]
        all_opened = _rush(shop, fleet, opened * WORKERS, f"{THREADS * WORKERS} threads of {WORKERS} workers called")
        _require_share(opened, all_opened)
        _require_other_numbers(shop)
    return (
        f"{THREADS * WORKERS} callers at once, {WORKERS} workers, {all_opened} connections on a server that lets in "
        f"{SERVER_LIMIT}: none refused, none lost. Who had to wait stood in their own pool's queue. Tell a colleague: "
        "a server has no queue, so the fleet needs one."
    )


def _rush(shop: Shop, workers: list[Callable[[], Any]], wanted: int, who: str) -> int:
    """Let all threads of the workers call at once. Return how many connections have been opened in all.

    Again if they were fewer than wanted: on a busy machine the threads may have come one after the other.
    """
    for _ in range(RUSHES):
        before = shop.counted()
        results = shop.rush(workers * THREADS, BUSY_SECONDS)
        _require_no_errors([result for result in results if isinstance(result, redis.RedisError)], who)
        _require_numbers(results, before, shop.counted(), who)
        if shop.opened() >= wanted:
            break
    return shop.opened()


def _require_counting(count_view: Callable[[], Any], shop: Shop) -> None:
    """Call it twice, one after the other, before there is any crowd."""
    got = [count_view(), count_view()]
    if got != [1, 2] or any(isinstance(number, bool) for number in got):
        raise Wrong(f"The first two calls returned {shown(got[0])} and {shown(got[1])}; a new counter counts 1 and 2.")
    if shop.opened() > 1:
        raise Wrong(
            f"2 calls, one after the other, opened {shop.opened()} connections; one was enough. What is made inside "
            "`count_view`, and how often?"
        )


def _require_share(opened: int, all_opened: int) -> None:
    if all_opened < opened * WORKERS:
        raise Wrong(
            f"One worker opened {opened}, and {WORKERS} together {all_opened}: they met in one pool. Here they run in "
            "one program, but processes share no variables. What was made outside of `open_worker`?"
        )
    if opened < SHARE:
        raise Wrong(
            f"Nobody was refused, through {all_opened} connections; {SHARE * WORKERS} fit. {THREADS} threads of each "
            f"worker go through {opened}. What is {SERVER_LIMIT} / {WORKERS}, and what else lets in one at a time?"
        )
    if all_opened > SERVER_LIMIT:  # something was closed and opened again meanwhile
        raise Wrong(
            f"Nobody was refused, and the server had to accept {all_opened} connections where {SHARE * WORKERS} are "
            "enough. Which line of code hangs up, and why?"
        )


def _require_no_errors(errors: list[redis.RedisError], who: str) -> None:
    if not errors:
        return
    error = errors[0]
    said = f"{who} `count_view()` at once, and {len(errors)} got `{type(error).__name__}: {error}`"
    if isinstance(error, redis.MaxConnectionsError):
        raise Wrong(f"{said}, at once. That is the pool's own refusal: its limit fits, and it has no queue. Which has?")
    if str(error) == "No connection available.":
        raise Wrong(
            f"{said}. The server took {BUSY_SECONDS} s for those before them. How long may one wait in your queue?"
        )
    if str(error) == REFUSAL:
        raise Wrong(f"{said}. That is the server: it lets in {SERVER_LIMIT}. What does each worker open, in all?")
    raise Wrong(f"{said}. The server answered after {BUSY_SECONDS} s. Which of your settings did not wait for that?")


def _require_numbers(results: list[Any], before: int, after: int, who: str) -> None:
    wanted = range(before + 1, before + 1 + len(results))
    if after == wanted[-1] and sorted(map(str, results)) == sorted(map(str, wanted)):
        return
    lost = sum(str(result) not in map(str, wanted) for result in results)
    if not lost:
        raise Wrong(
            f"{who} `count_view()` at once, and `views:home` grew by {after - before}: some got the same number. Two "
            "threads have read it before either wrote. Which command reads and adds in one?"
        )
    raise Wrong(
        f"{who} `count_view()` at once; `views:home` grew by {after - before}, and {lost} of them got no number. An "
        "error that is caught and dropped is a view that is lost. Can it be made not to happen?"
    )


def _too_many(opened: int, shop: Shop) -> str:
    shop.set_limit(SERVER_LIMIT)
    turned_away = refused([opened] * (WORKERS - 1), shop.lab)
    return (
        f"{THREADS} threads of one worker called `count_view()` at once, and it opened {opened} connections. All "
        f"{WORKERS} would open {opened * WORKERS}, and the server lets in {SERVER_LIMIT}. Tried out, it refused "
        f"{turned_away}: `ConnectionError: {REFUSAL}`. What is one worker's share, in whole connections?"
    )


def _require_other_numbers(shop: Shop) -> None:
    """One worker of another fleet, on a server that has room for it."""
    shop.set_limit(100)
    before, share = shop.opened(), OTHER_LIMIT // OTHER_WORKERS
    another = shop.worker(OTHER_LIMIT, OTHER_WORKERS)
    opened = _rush(shop, [another], before + share, f"{THREADS} threads of another shop's worker called") - before
    if opened != share:
        raise Wrong(
            f"Right for {WORKERS} workers and {SERVER_LIMIT} connections. Another shop called `open_worker(host, port, "
            f"{OTHER_LIMIT}, {OTHER_WORKERS})`, and its worker opened {opened} for {THREADS} threads; its share is "
            f"{share}. Where do your numbers come from?"
        )


HINTS = (
    "Two things can refuse: the server, if the sum of all pools is too large, and a pool, if it has no queue. You need "
    "an answer to both.",
    "Ten connections for four workers: nobody gets a half. `//` divides and leaves the rest over.",
    "The threads of a worker are more than its share of connections. Lesson 03 had a kind of pool in which they wait.",
    "Once in `open_worker`: a `BlockingConnectionPool` whose `max_connections` is this worker's share, with a "
    "`timeout` that is longer than the server may take; and a client on it for all threads.",
)
