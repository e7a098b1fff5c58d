"""An incident: a shop after the upgrade from redis-py 7 to 8, which changed three defaults that it lived on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, became, beside, call_within
from tutorial_lib.exercises._in_use import reply_timeouts
from tutorial_lib.exercises._incidents import ended, method_of, program_pools, require_total_limit
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.pools.recording import record
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.servers import Server

ID = "the-quiet-upgrade"
LESSON = "15"
TITLE = "The quiet upgrade"
NAME = "Shop"

CUSTOMERS = 104
SHARE = 120
LONGEST = 5.0
WAITS = 30
BUSY = 0.15
LOOK_UNTIL = 1.0
SOLD = {"tea": 12, "coffee": 7}

PROMPT = """
**What happened.** On Monday the team updates redis-py from 7.4 to 8.1; nothing else changes, and the shop starts as
ever. The page with the bestsellers fails from then on, and on a quiet night the worker dies. On Saturday, with more
than a hundred customers on the site, new ones can't follow the stock.

**The log** of that week:

```
bestsellers: AttributeError: 'list' object has no attribute 'decode'
worker: next_job(30) waits
worker: TimeoutError: Timeout reading from socket (after 57.8 s, with 11 BLPOP sent)
customer 100: follows tea
customer 101: MaxConnectionsError: Too many connections
customer 102: MaxConnectionsError: Too many connections
```

**Given** the program below, `shop.py`, with the class `Shop(host, port)`. `follow(product)` returns a subscription for
one customer, `next_job(seconds)` waits for a job, and `bestsellers()` returns how many of each product were sold. All
three were right with redis-py 7. The cell above the program runs it with 104 customers and draws its pool.

**Write** what makes it right with redis-py 8.

**It passes when**
- `bestsellers()` returns a dictionary such as `{"tea": 12, "coffee": 7}`;
- **104** customers follow a product at once, and requests are answered meanwhile;
- all pools of the shop together have a limit of **120** connections at most, its share of the server;
- `next_job(30)` can wait for 30 s, while a request still gives up on a silent server after **5** s at most.
"""


class starter:
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port)

    def follow(self, product):
        stock = self.r.pubsub()
        stock.subscribe(f"stock:{product}")
        return stock

    def next_job(self, seconds):
        reply = self.r.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    def bestsellers(self):
        reply = self.r.execute_command("ZREVRANGE", "sold", 0, 9, "WITHSCORES")
        return {reply[n].decode(): int(reply[n + 1]) for n in range(0, len(reply), 2)}


class solution:
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=110)
        self.worker = redis.Redis(host=host, port=port, max_connections=5, socket_timeout=None)

    def follow(self, product):
        stock = self.r.pubsub()
        stock.subscribe(f"stock:{product}")
        return stock

    def next_job(self, seconds):
        reply = self.worker.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    def bestsellers(self):
        sold = self.r.zrevrange("sold", 0, 9, withscores=True)
        return {name.decode(): int(number) for name, number in sold}


WHY = """
Three defaults have changed in redis-py 8: the limit of a pool (100; it was 2³¹), `socket_timeout` (5 s; there was
none) and the protocol (RESP3; it was RESP2). A command's method, such as `zrevrange`, gives you the same result with
either protocol, but `execute_command` doesn't know your command's shape and passes on what came. `protocol=2` would
restore the old replies, and a blocking command needs a client of its own anyway.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as other:
        week = _Week(lab, lab.call(answer, lab.server.host, lab.server.port), other)
        week.shows_bestsellers()
        week.has_many_customers()
        week.waits_for_a_job()
        week.gives_up_on_a_silent_server()
        require_total_limit(program_pools(lab, other), SHARE, "How many does the shop need on a Saturday?")
    return (
        f"{CUSTOMERS} customers followed a product at once, the worker can wait for {WAITS} s, and a request still has "
        "a timeout. Which of these settings did you set, and which had you left to redis-py?"
    )


class _Week:
    """A learner's shop after the upgrade. ``other`` is the rest of the world: it sells, publishes, sends jobs."""

    def __init__(self, lab: Lab, shop: Any, other: redis.Redis) -> None:
        self._lab = lab
        self._other = other
        self._follow = method_of(shop, "follow", lab, "tea")
        self._next_job = method_of(shop, "next_job", lab, WAITS)
        self._bestsellers = method_of(shop, "bestsellers", lab)

    def shows_bestsellers(self) -> None:
        self._other.zadd("sold", SOLD)
        self._require_bestsellers("The page of bestsellers")

    def has_many_customers(self) -> None:
        following: list[Any] = []
        try:
            for number in range(1, CUSTOMERS + 1):
                following.append(self._followed(number))
            self._require_bestsellers(f"{CUSTOMERS} customers follow a product, and a request")
            self._require_news(following[-1])
        finally:
            for stock in following:
                stock.close()

    def _followed(self, number: int) -> Any:
        stock = ended(lambda: self._follow("tea"))
        if isinstance(stock, Exception):
            raise Wrong(
                f"{so_many(number - 1, 'customer')} follow a product, and number {number} got {named(stock)}. With "
                "redis-py 7 it was served. Which limit does the pool have, if your program doesn't set one?"
            )
        for method in ("get_message", "close"):
            if not callable(getattr(stock, method, None)):
                raise Wrong(f"`follow` returned {shown(stock)}. It should return a subscription, with `{method}`.")
        return stock

    def _require_news(self, stock: Any) -> None:
        self._other.publish("stock:tea", "3 left")
        deadline = monotonic() + LOOK_UNTIL
        while monotonic() < deadline:
            message = stock.get_message(timeout=0.1)
            if message and message.get("data") in (b"3 left", "3 left"):
                return
        raise Wrong("`3 left` was published in `stock:tea`, and a customer who follows `tea` did not get it.")

    def _require_bestsellers(self, who: str) -> None:
        try:
            found = self._bestsellers()
        except (redis.RedisError, AttributeError, TypeError, ValueError) as error:
            idea = "What does `execute_command` return now? Print it, with `protocol=2` and without."
            if isinstance(error, redis.MaxConnectionsError):
                idea = (
                    f"The limit is {self._limit()}. How many connections do {CUSTOMERS} customers and a request need?"
                )
            elif isinstance(error, redis.RedisError):
                idea = "What does it wait for?"
            raise Wrong(f"{who} got {named(error)}. {idea}") from error
        if found != SOLD:
            raise Wrong(f"{who} got {shown(found)}, and the shop sold {SOLD}. What does Redis reply with now?")

    def _limit(self) -> int:
        return sum(pool.max_connections for pool in program_pools(self._lab, self._other))

    def waits_for_a_job(self) -> None:
        seen = self._timeouts_during(lambda: self._next_job(WAITS), lambda: self._other.rpush("jobs", "send-mail"))
        self._other.delete("jobs")
        sent = self._lab.server.commands()
        if not any(sent[name] for name in ("BLPOP", "BRPOP", "BLMPOP", "BLMOVE")):
            raise Wrong(
                f"`next_job({WAITS})` was called with an empty queue, and sent no `BLPOP`. Asking again and again "
                "costs a command each time, and learns of a job late. Which setting is too short for a `BLPOP`?"
            )
        short = [timeout for timeout in seen.timeouts if timeout is not None and timeout <= WAITS]
        if short:
            raise Wrong(
                f"`next_job({WAITS})` waits on a connection with a `socket_timeout` of {short[0]:g} s. With an empty "
                "queue the client gives up then, connects again and sends its `BLPOP` again, until it has no retry "
                "left and raises. How long may a client wait for the reply to a command that waits itself?"
            )
        if seen.call.result != "send-mail":
            raise Wrong(f"A job `send-mail` came, and `next_job({WAITS})` {became(seen.call)}.")

    def gives_up_on_a_silent_server(self) -> None:
        self._lab.server.pause(BUSY)
        seen = self._timeouts_during(self._bestsellers, lambda: None)
        if any(timeout is None or timeout > LONGEST for timeout in seen.timeouts):
            longest = max(seen.timeouts, key=lambda timeout: timeout or float("inf"))
            waits = "for ever" if longest is None else f"for {longest:g} s"
            raise Wrong(
                f"The worker can wait now, but if Redis says nothing, a request waits {waits}. redis-py 8 gave "
                f"requests a timeout of {LONGEST:g} s. Which part of the shop needs another timeout than the rest?"
            )

    def _timeouts_during(self, ask: Callable[[], Any], answer: Callable[[], Any]) -> _Seen:
        """Call ``ask``, note how long the connections that it uses would wait for a reply, then let ``answer`` come."""
        timeouts: list[float | None] = []

        def look(over: threading.Event) -> None:
            deadline = monotonic() + 0.5
            while not timeouts and monotonic() < deadline and not over.wait(0.005):
                timeouts[:] = [each for pool in program_pools(self._lab, self._other) for each in reply_timeouts(pool)]
            answer()

        with beside(look, "observer"):
            call = call_within(LOOK_UNTIL + 0.5, ask, Exception)
        return _Seen(call, timeouts)


class _Seen:
    def __init__(self, call: Call, timeouts: list[float | None]) -> None:
        self.call = call
        self.timeouts = timeouts


def dashboard(program: Callable[..., Any], server: Server) -> Any:
    """Let more than a hundred customers come, one after the other, and stay."""
    from tutorial_lib.plots.recordings import plot_timeline  # here: matplotlib takes half a second to import

    shop = program(server.host, server.port)
    following = []
    with record(shop.r.connection_pool) as recording:
        for number in range(1, CUSTOMERS + 1):
            customer = threading.Thread(
                target=lambda: following.append(ended(lambda: shop.follow("tea"))), name=f"customer {number}"
            )
            customer.start()
            customer.join()
        sleep(0.05)
    picture = plot_timeline(recording)
    shop.r.connection_pool.disconnect()
    return picture


HINTS = (
    "The three errors have three causes. The log says which method each comes from, so begin with `bestsellers()`.",
    "Put the program into a file with a few calls, and run `redis-pool-tutorial examine` on it in a terminal: it knows "
    "the limit and the timeouts of a pool, also those that the program never set. In the log, look at 100 and at 11.",
    "Print what `execute_command` returns for a sorted set, with `redis.Redis(protocol=2)` and with the default. "
    "Methods of the client, such as `zrange` and `zrevrange`, return the same for both.",
    "The limit and the timeout belong to the pool. A worker that waits for a job and a request that must not wait need "
    "different timeouts, so how many clients does the shop need?",
)
