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
    one_by_one: "on one connection, in 1,000 round trips",
    ten_threads: "were shared out, not saved",
    a_pipeline_for_each: "it was executed 1,000 times",
    in_batches_of_fifty: "is 0.4 s of waiting. Some 50 commands share",
    by_a_script: "Scripts, such as `EVAL`, are not allowed here",
    raises: "whoever calls again counts them twice",
    tries_again: "Is each view counted once",
    leaves_the_error: "should hold `None`",
    drops_the_error: "999 numbers out",
    reads_then_writes: "its view was overwritten",
    counts_in_python: "never",
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
