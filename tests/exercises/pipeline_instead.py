"""Answers to `pipeline-instead`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis

from tutorial_lib.exercises.pipeline_instead import BROKEN


def one_by_one(r, pages):
    numbers = []
    for page in pages:
        try:
            numbers.append(r.incr(f"views:{page}"))
        except redis.ResponseError:
            numbers.append(None)
    return numbers


def ten_threads(r, pages):  # "more connections are faster"
    def count(page):
        try:
            return r.incr(f"views:{page}")
        except redis.ResponseError:
            return None

    with ThreadPoolExecutor(10) as threads:
        return list(threads.map(count, pages))


def a_pipeline_for_each(r, pages):
    numbers = []
    for page in pages:
        with r.pipeline() as pipe:
            (result,) = pipe.incr(f"views:{page}").execute(raise_on_error=False)
        numbers.append(None if isinstance(result, redis.ResponseError) else result)
    return numbers


def in_batches_of_fifty(r, pages):
    numbers = []
    for start in range(0, len(pages), 50):
        with r.pipeline(transaction=False) as pipe:
            for page in pages[start : start + 50]:
                pipe.incr(f"views:{page}")
            numbers += pipe.execute(raise_on_error=False)
    return [None if isinstance(number, redis.ResponseError) else number for number in numbers]


def by_a_script(r, pages):
    keys = [f"views:{page}" for page in pages]
    lines = "local out = {} for i, key in ipairs(KEYS) do out[i] = redis.pcall('INCR', key) end return out"
    return r.eval(lines, len(keys), *keys)


def raises(r, pages):
    with r.pipeline(transaction=False) as pipe:
        for page in pages:
            pipe.incr(f"views:{page}")
        return pipe.execute()


def tries_again(r, pages):
    with r.pipeline(transaction=False) as pipe:
        for page in pages:
            pipe.incr(f"views:{page}")
        try:
            return pipe.execute()
        except redis.ResponseError:
            return one_by_one(r, pages)


def leaves_the_error(r, pages):
    with r.pipeline(transaction=False) as pipe:
        for page in pages:
            pipe.incr(f"views:{page}")
        return pipe.execute(raise_on_error=False)


def drops_the_error(r, pages):
    return [number for number in leaves_the_error(r, pages) if isinstance(number, int)]


def reads_then_writes(r, pages):
    keys = [f"views:{page}" for page in pages]
    values = {key: value or 0 for key, value in zip(keys, r.mget(keys), strict=True)}
    numbers = []
    for key in keys:
        try:
            values[key] = int(values[key]) + 1
            numbers.append(values[key])
        except ValueError:
            numbers.append(None)
    r.mset(values)
    return numbers


def counts_in_python(r, pages):
    numbers = [pages[: place + 1].count(page) for place, page in enumerate(pages)]
    return [None if page == BROKEN else number for page, number in zip(pages, numbers, strict=True)]


WRONG = {
    one_by_one: "on one connection, but in 1,000 round trips",
    ten_threads: "had to accept more connections",
    a_pipeline_for_each: "it was executed 1,000 times",
    raises: "a caller that retries counts them twice",
    tries_again: "Was something sent twice",
    leaves_the_error: "It should have `None` there",
    drops_the_error: "999 numbers out",
    reads_then_writes: "theirs was overwritten",
}


# -- other shapes


def _incr_each(r, pages):
    with r.pipeline(transaction=False) as pipe:
        for page in pages:
            pipe.incr(f"views:{page}")
        replies = pipe.execute(raise_on_error=False)
    return [None if isinstance(reply, redis.RedisError) else reply for reply in replies]


def in_four_threads(r, pages):
    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(lambda at: _incr_each(r, pages[at : at + 250]), range(0, 1000, 250)))
    return [number for part in parts for number in part]


def a_client_of_its_own(r, pages):
    where = r.connection_pool.connection_kwargs
    with redis.Redis(host=where["host"], port=where["port"]) as own:
        return _incr_each(own, pages)


def keeps_a_connection(r, pages):
    connection = r.connection_pool.get_connection()
    connection.send_packed_command(connection.pack_commands([("INCR", f"views:{page}") for page in pages]))
    numbers = []
    for _ in pages:
        try:
            numbers.append(connection.read_response())
        except redis.ResponseError:
            numbers.append(None)
    return numbers


def repairs_the_text(r, pages):
    numbers = _incr_each(r, pages)
    r.mset({f"views:{page}": 0 for page, number in zip(pages, numbers, strict=True) if number is None})
    return numbers


def lazily(r, pages):
    yield from _incr_each(r, pages)


def each_page_only_once(r, pages):
    pages_once = list(dict.fromkeys(pages))
    numbers = dict(zip(pages_once, _incr_each(r, pages_once), strict=True))
    return [numbers[page] for page in pages]


def the_last_number(r, pages):
    replies = _incr_each(r, pages)
    now = r.mget([f"views:{page}" for page in pages])
    return [None if reply is None else int(number) for reply, number in zip(replies, now, strict=True)]


def without_the_prefix(r, pages):
    with r.pipeline(transaction=False) as pipe:
        for page in pages:
            pipe.incr(page)
        return pipe.execute(raise_on_error=False)


def watches_and_gives_up(r, pages):  # optimistic, and the other shop is faster
    for _ in range(4):
        with r.pipeline() as pipe:
            try:
                pipe.watch(*{f"views:{page}" for page in pages})
                pipe.mget([f"views:{page}" for page in pages])
                pipe.multi()
                for page in pages:
                    pipe.incr(f"views:{page}")
                return [None if isinstance(reply, Exception) else reply for reply in pipe.execute(False)]
            except redis.WatchError:
                continue
    return [None] * len(pages)


def none_for_all(r, pages):  # one error, and the batch's numbers are gone
    numbers = []
    for start in range(0, len(pages), 100):
        with r.pipeline(transaction=False) as pipe:
            for page in pages[start : start + 100]:
                pipe.incr(f"views:{page}")
            try:
                numbers += pipe.execute()
            except redis.ResponseError:
                numbers += [None] * 100
    return numbers


ALSO_WRONG = {
    none_for_all: "is not the broken one",
    in_batches_of_fifty: "is 0.4 s of waiting. About 50 commands share",
    by_a_script: "Scripts, such as `EVAL`, are not allowed here",
    counts_in_python: "no `views:<page>` has grown",
    in_four_threads: "had to accept more connections",
    a_client_of_its_own: "had to accept more connections",
    keeps_a_connection: "in_use is 1 although no call is under way",
    repairs_the_text: "has overwritten it",
    lazily: "returned a `generator`",
    each_page_only_once: "is in the list 4 times",
    the_last_number: "That is its last number",
    without_the_prefix: "no `views:<page>` has grown",
    watches_and_gives_up: "you gave up",
}


# -- right in other words


def in_hundreds(r: Any, pages: list[str]) -> Any:
    numbers: list[Any] = []
    for start in range(0, len(pages), 100):
        pipe = r.pipeline(transaction=False)
        for page in pages[start : start + 100]:
            pipe.incr(f"views:{page}")
        numbers += pipe.execute(raise_on_error=False)
    return [number if isinstance(number, int) else None for number in numbers]


def in_a_transaction(r: Any, pages: list[str]) -> Any:
    pipe = r.pipeline()
    for page in pages:
        pipe.incrby(f"views:{page}", 1)
    return [None if isinstance(number, Exception) else number for number in pipe.execute(False)]


def by_hand(r: Any, pages: list[str]) -> Any:
    connection = r.connection_pool.get_connection()
    numbers: list[Any] = []
    try:
        connection.send_packed_command(connection.pack_commands([("INCR", f"views:{page}") for page in pages]))
        for _ in pages:
            try:
                numbers.append(connection.read_response())
            except redis.ResponseError:
                numbers.append(None)
    finally:
        r.connection_pool.release(connection)
    return numbers


def each_page_once(r: Any, pages: list[str]) -> Any:
    seen = Counter(pages)
    with r.pipeline(transaction=False) as pipe:
        for page, times in seen.items():
            pipe.incrby(f"views:{page}", times)
        ends = dict(zip(seen, pipe.execute(raise_on_error=False), strict=True))
    begun: Counter[str] = Counter()
    numbers: list[Any] = []
    for page in pages:
        begun[page] += 1
        broken = isinstance(ends[page], redis.ResponseError)
        numbers.append(None if broken else ends[page] - seen[page] + begun[page])
    return numbers


ALSO_RIGHT = [in_hundreds, in_a_transaction, by_hand, each_page_once]
