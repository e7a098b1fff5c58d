"""Answers to long-poll: the mistakes that learners make, and other right ways."""

import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def client_for_each_call(web, host, port):
    def next_order(seconds):
        with redis.Redis(host=host, port=port, socket_timeout=None) as r:
            reply = r.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def lifts_the_timeout_of_web(web, host, port):
    def next_order(seconds):
        web.connection_pool.connection_kwargs["socket_timeout"] = None
        web.connection_pool.disconnect()
        reply = web.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def asks_in_short_steps(web, host, port):
    def next_order(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            reply = web.blpop("orders", timeout=0.1)
            if reply:
                return reply[1].decode()
        return None

    return next_order


def looks_again_and_again(web, host, port):
    def next_order(seconds):
        for _ in range(int(seconds * 20)):
            order = web.lpop("orders")
            if order is not None:
                return order.decode()
            time.sleep(0.05)
        return None

    return next_order


def default_client(web, host, port):
    # "A client of its own is enough." redis-py 8 gives it 5 s.
    kitchen = redis.Redis(host=host, port=port)

    def next_order(seconds):
        reply = kitchen.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def sixty_for_sixty(web, host, port):
    # "The longest wait is 60 s, so the timeout is 60 s."
    kitchen = redis.Redis(host=host, port=port, socket_timeout=60)

    def next_order(seconds):
        reply = kitchen.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def three_seconds(web, host, port):
    # enough for the 2 s that can be tried at once
    kitchen = redis.Redis(host=host, port=port, socket_timeout=3, retry=Retry(NoBackoff(), 0))

    def next_order(seconds):
        reply = kitchen.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def a_timeout_is_no_order(web, host, port):
    def next_order(seconds):
        try:
            reply = web.blpop("orders", timeout=seconds)
        except redis.TimeoutError:
            return None
        return reply[1].decode() if reply else None

    return next_order


def own_client_catches_the_timeout(web, host, port):
    kitchen = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, socket_timeout=0.2))

    def next_order(seconds):
        try:
            reply = kitchen.blpop("orders", timeout=seconds)
        except redis.TimeoutError:
            return None
        return reply[1].decode() if reply else None

    return next_order


def waits_for_two_seconds_always(web, host, port):
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        reply = kitchen.blpop("orders", timeout=2)
        return reply[1].decode() if reply else None

    return next_order


def newest_first(web, host, port):
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        reply = kitchen.brpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def more_connections_for_web(web, host, port):
    # "One connection is too few: the kitchen needs a second one in the same pool."
    web.connection_pool.max_connections = 2

    def next_order(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                reply = web.blpop("orders", timeout=seconds)
            except redis.TimeoutError:
                continue
            return reply[1].decode() if reply else None
        return None

    return next_order


def settings_of_web_without_timeout(web, host, port):
    how = {**web.get_connection_kwargs(), "socket_timeout": None}
    kitchen = redis.Redis(connection_pool=redis.BlockingConnectionPool(max_connections=1, timeout=5, **how))

    class NextOrder:
        def __call__(self, seconds):
            reply = kitchen.blpop(["orders"], seconds)
            return reply[1].decode() if reply else None

    return NextOrder()


def from_url_decoding(web, host, port):
    kitchen = redis.from_url(f"redis://{host}:{port}", socket_timeout=None, decode_responses=True)

    def next_order(seconds):
        found = kitchen.blpop("orders", timeout=seconds)
        return found and found[1]

    return next_order


def timeout_well_above(web, host, port):
    kitchen = redis.Redis(host=host, port=port, socket_timeout=90, single_connection_client=True)

    def next_order(seconds):
        reply = kitchen.execute_command("BLPOP", "orders", seconds)
        return reply[1].decode() if reply else None

    return next_order


WRONG = {
    client_for_each_call: "N calls opened N connections",
    lifts_the_timeout_of_web: "changed web: its socket_timeout is None / pages waited",
    asks_in_short_steps: "N BLPOPs for one call; pages wait",
    looks_again_and_again: "LPOP, no BLPOP",
    default_client: "own client has 5 s by default: BLPOP of 60 s is given up after 5 s and sent again",
    sixty_for_sixty: "60 s socket timeout against a 60 s wait: gives up as Redis answers",
    three_seconds: "60 s wait gives up after 3 s",
    a_timeout_is_no_order: "waited 0.2 s instead of 2; order lost",
    own_client_catches_the_timeout: "waited 0.2 s instead of 2",
    waits_for_two_seconds_always: "asked Redis to wait for 2 instead of 60",
    newest_first: "wrong order",
    more_connections_for_web: "changed web",
}
ALSO_RIGHT = [settings_of_web_without_timeout, from_url_decoding, timeout_well_above]
