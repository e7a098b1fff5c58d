"""Answers to `count-once`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import time
import uuid
import zlib
from collections.abc import Callable
from threading import Lock
from typing import Any

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry


def just_incr(host, port):  # "a retry repairs a cut"
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        return int(r.incr("views:home"))

    return count_view


def no_retry(host, port):  # "then I turn the retries off"
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit):
        return r.incr("views:home")

    return count_view


def reads_the_count(host, port):  # "an error means that it was not done"
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit):
        try:
            return r.incr("views:home")
        except redis.ConnectionError:
            return None

    return count_view


def name_then_count(host, port):  # the right idea, in two steps
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        if r.set(f"seen:{visit}", 1, nx=True):
            return r.incr("views:home")
        return int(r.get("views:home"))

    return count_view


def in_a_transaction(host, port):  # "MULTI makes it safe"
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        if not r.sismember("visits:home", visit):
            with r.pipeline() as pipe:
                return pipe.sadd("visits:home", visit).incr("views:home").execute()[1]
        return int(r.get("views:home"))

    return count_view


def looks_before_it_counts(host, port):  # right for one caller
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit):
        while True:
            try:
                if not r.sismember("visits:home", visit):
                    with r.pipeline() as pipe:
                        pipe.sadd("visits:home", visit).incr("views:home").execute()
                return int(r.get("views:home"))
            except redis.ConnectionError:
                pass

    return count_view


def locked(host, port):  # "a lock keeps the others out": those of the same program
    r = redis.Redis(host=host, port=port)
    lock = Lock()

    def count_view(visit):
        with lock:
            visits = set((r.get("visits") or b"").decode().split()) | {visit}
            r.set("visits", " ".join(visits))
            return len(visits)

    return count_view


def pool_of_three(host, port):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3, retry=Retry(NoBackoff(), 3))
    r = redis.Redis(connection_pool=pool)

    def count_view(visit):
        r.sadd("visits:home", visit)
        return r.scard("visits:home")

    return count_view


def estimates(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.pfadd("visits:home", visit)
        return r.pfcount("visits:home")

    return count_view


def returns_a_text(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.sadd("visits:home", visit)
        return str(r.scard("visits:home"))

    return count_view


def in_python(host, port):
    visits = set()

    def count_view(visit):
        visits.add(visit)
        return len(visits)

    return count_view


def loses_the_number(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.sadd("visits:home", visit)

    return count_view


def sadd_alone(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        return r.sadd("visits:home", visit)

    return count_view


WRONG = {
    just_incr: "Redis got 3 INCRs for 2 visits",
    no_retry: "raised `ConnectionError: Error while reading",
    name_then_count: "the visit is lost",
    looks_before_it_counts: "calls for one and the same visit came at once",
    locked: "8 different visits came at once, from two programs",
    pool_of_three: "the pool is exhausted",
    estimates: "PFCOUNT returns an estimate",
    in_python: "The two programs don't share a count",
}


# -- other shapes


def remembers_in_python(host, port):
    r, visits, lock = redis.Redis(host=host, port=port), set(), Lock()

    def count_view(visit):
        with lock:
            if visit in visits:
                return int(r.get("views:home"))
            visits.add(visit)
            return r.incr("views:home")

    return count_view


def counts_and_takes_back(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        number = r.incr("views:home")
        return number if r.sadd("visits:home", visit) else r.decr("views:home")

    return count_view


def zero_for_an_error(host, port):
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit):
        try:
            r.sadd("visits:home", visit)
            return r.scard("visits:home")
        except redis.ConnectionError:
            return 0

    return count_view


def forgets_in_a_minute(host, port):  # "a page is not loaded anew after that"
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.sadd("visits:home", visit)
        r.expire("visits:home", 60)
        return r.scard("visits:home")

    return count_view


def a_key_for_each_program(host, port):
    r, key = redis.Redis(host=host, port=port), f"visits:{uuid.uuid4()}"

    def count_view(visit):
        r.sadd(key, visit)
        return r.scard(key)

    return count_view


def begins_anew(host, port):
    r = redis.Redis(host=host, port=port)
    r.delete("visits:home")

    def count_view(visit):
        r.sadd("visits:home", visit)
        return r.scard("visits:home")

    return count_view


def one_bit_for_each(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.setbit("visits:home", zlib.crc32(visit.encode()) % 2**20, 1)
        return r.bitcount("visits:home")

    return count_view


def short_names(host, port):  # a hash of the name: some have the same
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.sadd("visits:home", zlib.crc32(visit.encode()) % 1000)
        return r.scard("visits:home")

    return count_view


def with_redis_py_s_lock(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        with r.lock("counter", timeout=1):
            if not r.sismember("visits:home", visit):
                r.sadd("visits:home", visit)
            return r.scard("visits:home")

    return count_view


def a_list(host, port):  # a list takes a name twice
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.rpush("visits:home", visit)
        return r.llen("visits:home")

    return count_view


def the_number_it_had(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.hsetnx("visits:home", visit, r.hlen("visits:home") + 1)
        return int(r.hget("visits:home", visit))

    return count_view


def one_set_for_each_visit(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.sadd(f"visits:{visit}", visit)
        return r.scard(f"visits:{visit}")

    return count_view


def adds_the_two(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        return r.sadd("visits", visit) + r.scard("visits")

    return count_view


ALSO_WRONG = {
    one_set_for_each_visit: "instead of 2: the visit is lost. If your code",
    adds_the_two: "there has been 1 visit so far",
    a_list: "a visit was counted twice. Which command",
    the_number_it_had: "the number from when it came first",
    reads_the_count: "returned `None` instead of 2",
    in_a_transaction: "INCRs for 4 visits",
    returns_a_text: "returned `'1'`, a text",
    loses_the_number: "How does the number get to the caller?",
    sadd_alone: "how many names were new",
    remembers_in_python: "Redis got 3 INCRs for 2 visits",
    counts_and_takes_back: "Redis got 3 INCRs for 2 visits",
    zero_for_an_error: "returned `0` instead of 2",
    forgets_in_a_minute: "the key `visits:home` expires",
    a_key_for_each_program: "under a key that every program knows?",
    begins_anew: "deleted what was there",
    one_bit_for_each: "two visits may share a bit",
    short_names: "What does your counter keep of a visit's name?",
    with_redis_py_s_lock: "`Lock.release` sends one",
}


# -- right in other words


Function = Callable[..., Any]


def by_hash(host: str, port: int) -> Function:
    r = redis.Redis.from_url(f"redis://{host}:{port}", retry=Retry(NoBackoff(), 3))

    def count_view(visit: str) -> Any:
        with r.pipeline() as pipe:
            return pipe.hset("visits", visit, "seen").hlen("visits").execute()[1]

    return count_view


def by_sorted_set(host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, retry=Retry(ConstantBackoff(0.01), 2))

    def count_view(visit: str) -> Any:
        r = redis.Redis(connection_pool=pool)
        r.zadd("visits", {visit: time.time()}, nx=True)
        return r.zcard("visits")

    return count_view


def watches_the_name(host: str, port: int) -> Function:
    """Counts with INCR, in one transaction with the visit's name, and looks again after any trouble."""
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit: str) -> Any:
        while True:
            try:
                with r.pipeline() as pipe:
                    pipe.watch(f"seen:{visit}")
                    if not pipe.exists(f"seen:{visit}"):
                        pipe.multi()
                        pipe.set(f"seen:{visit}", 1).incr("views").execute()
                return int(r.get("views"))
            except (redis.WatchError, redis.ConnectionError):
                pass

    return count_view


def in_one_transaction(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port)

    def count_view(visit: str) -> Any:
        with r.pipeline() as pipe:
            return pipe.sadd("visits", visit).scard("visits").execute()[1]

    return count_view


ALSO_RIGHT = [by_hash, by_sorted_set, watches_the_name, in_one_transaction]
