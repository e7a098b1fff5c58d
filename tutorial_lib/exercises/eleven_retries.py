"""An incident: retries at two levels, which make a short silence long, and a lost reply a second sale."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, became, best_of, call_within
from tutorial_lib.exercises._incidents import call_one_after_the_other, method_of
from tutorial_lib.exercises._weather import outage
from tutorial_lib.exercises._words import so_many
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.pools.recording import record
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong
from tutorial_lib.servers import Server

ID = "eleven-retries"
LESSON = "15"
TITLE = "Eleven attempts"
NAME = "Shop"

PRICE = 3
TOLD_WITHIN = 0.4
GRACE = 0.2
AWAY = 0.15

PROMPT = """
**What happened.** After a restart of Redis had broken a few pages, the team added retries wherever they found a place.
Since then a Redis that says nothing for a moment stops the whole shop for seconds. In the evening the stock is wrong:
more was counted as sold than the customers bought.

**The log** of a Redis that said nothing, and of a connection that broke later:

```
price: TimeoutError: Timeout reading from socket (after 4.0 s, with 33 attempts)
sell: TimeoutError: Timeout reading from socket (after 1.3 s, with 11 attempts)
sell: 7
sell: 9
```

**Given** the program below, `shop.py`, with the class `Shop(host, port)`. `price(product)` reads a number, and
`sell(product)` adds 1 to a counter and returns the new value. The cell above the program runs it with four customers,
while Redis says nothing for 0.8 s, and draws its pool.

**Write** retries that help where they can, and do no harm.

**It passes when**
- Redis says nothing, and `price` and `sell` raise an error of redis-py within **0.4 s**;
- a connection breaks after Redis has run the `INCR`, and the sale is counted **once**; `sell` may raise then;
- Redis restarts, so that it refuses connections for **0.15 s**, and `price` returns the price once Redis is back.
"""


class starter:
    def __init__(self, host, port):
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 10)
        self.r = redis.Redis(host=host, port=port, socket_timeout=0.1, retry=retry)

    def price(self, product):
        for _ in range(2):
            try:
                return int(self.r.get(f"price:{product}"))
            except redis.RedisError:
                continue
        return int(self.r.get(f"price:{product}"))

    def sell(self, product):
        return self.r.incr(f"sold:{product}")


class solution:
    def __init__(self, host, port):
        patient = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 5, supported_errors=(redis.ConnectionError,))
        never = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
        self.reads = redis.Redis(host=host, port=port, socket_timeout=0.1, retry=patient)
        self.writes = redis.Redis(host=host, port=port, socket_timeout=0.1, retry=never)

    def price(self, product):
        return int(self.reads.get(f"price:{product}"))

    def sell(self, product):
        return self.writes.incr(f"sold:{product}")


WHY = """
A retry after a `ConnectionError` costs only its pause, and a short outage needs it. A retry after a `TimeoutError`
costs the whole timeout once more, for a server that is already too slow. Attempts at two levels multiply: 3 times 11
are 33. And an `INCR` whose reply is lost may have been run, so a retry can count it twice: a write that isn't safe to
repeat needs a client that doesn't repeat it.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    proxy = lab.proxy()
    with redis.Redis(host=lab.server.host, port=lab.server.port) as other:
        other.set("price:tea", PRICE)
        night = _TroubledShop(lab, lab.call(answer, proxy.host, proxy.port), proxy, other)
        night.is_well()
        lab.doing("Redis says nothing")
        slowest = max(night.is_told_in_time("sell"), night.is_told_in_time("price"))
        night.counts_once()
        lab.doing("Redis is restarted")
        late = night.survives_a_restart()
    return (
        f"When Redis said nothing, the callers knew it after {slowest:.2f} s. A sale whose reply was lost was counted "
        f"once. And when Redis restarted, `price` returned after {late:.2f} s, without an error."
    )


class _TroubledShop:
    """A learner's shop behind a proxy that makes trouble. ``other`` reads past the proxy what Redis has counted."""

    def __init__(self, lab: Lab, shop: Any, proxy: FaultProxy, other: redis.Redis) -> None:
        self._lab = lab
        self._proxy = proxy
        self._other = other
        price = method_of(shop, "price", lab, "tea")
        sell = method_of(shop, "sell", lab, "tea")
        self._ask: dict[str, Callable[[], Any]] = {"price": lambda: price("tea"), "sell": lambda: sell("tea")}

    def is_well(self) -> None:
        before = self._lab.server.commands()
        for name in ("price", "sell"):
            for _ in range(3):  # one late reply may be a busy machine's fault
                call = self._call(name, 2.0)
                wanted = PRICE if name == "price" else self._sold()
                if call.result == wanted:
                    break
            else:
                raise Wrong(f"Redis was up, and `{name}` {became(call)}. It should return {wanted}. What does it ask?")
        sent = self._lab.server.commands() - before
        if sent["SET"] and not sent["WATCH"]:
            raise Wrong(
                "`sell` read the counter and stored a new value. A sale that another thread counts in between is lost. "
                "What does the adding, Redis or your program?"
            )

    def is_told_in_time(self, name: str) -> float:
        call, opened = Call(None, None, 0.0, returned=False), 0
        for _ in range(2):  # one late call may be a busy machine's fault
            before = self._lab.server.opened()
            self._proxy.pause(TOLD_WITHIN + GRACE)
            call = self._call(name, TOLD_WITHIN + GRACE)
            opened = self._lab.server.opened() - before
            self._proxy.heal()
            self._proxy.reset_connections()
            if call.returned and call.seconds <= TOLD_WITHIN:
                break
        if not call.returned or call.seconds > TOLD_WITHIN:
            again = " By then it had connected again, for one attempt after the other." if opened > 1 else ""
            raise Wrong(
                f"Redis said nothing, and after {TOLD_WITHIN:g} s `{name}` was still not back.{again} How long does "
                "one attempt take, how many are there, and does anything multiply them?"
            )
        if not isinstance(call.error, redis.RedisError):
            raise Wrong(
                f"Redis said nothing, and `{name}` {became(call)}. The caller has to know that there was no reply. "
                "What would an error of redis-py tell it?"
            )
        return call.seconds

    def counts_once(self) -> None:
        for _ in range(3):  # on a busy machine the first may be late, with its connection
            self._call("sell", 2.0)  # so that a connection is open
            before = self._sold()
            self._proxy.reset_after(0)
            call = self._call("sell", 2.0)
            self._proxy.heal()
            if times := self._sold() - before:
                break
        if times > 1 or not (times or call.error):
            count = so_many(times, "time") if times else "not at all"
            raise Wrong(
                f"One connection broke after Redis had run the `INCR`, and `sell` {became(call)}. The sale was counted "
                f"{count}. What does an error tell you about a command that was already sent?"
            )

    def survives_a_restart(self) -> float:
        def ask() -> Call:
            self._call("price", 2.0)
            with outage(self._proxy, AWAY):
                return self._call("price", 2.0)

        call = best_of(3, ask, lambda call: bool(call.result == PRICE))
        if call.result != PRICE:
            raise Wrong(
                f"Redis restarted and refused connections for {AWAY:g} s, and `price` {became(call)}. "
                "A refused connection fails at once. Which errors does your client retry after, "
                "and how long are the pauses in total?"
            )
        return call.seconds

    def _call(self, name: str, seconds: float) -> Call:
        return call_within(seconds, self._ask[name], Exception)

    def _sold(self) -> int:
        return int(self._other.get("sold:tea") or 0)


def dashboard(program: Callable[..., Any], server: Server) -> Any:
    """Let four customers come while Redis says nothing."""
    from tutorial_lib.plots.recordings import plot_timeline  # here: matplotlib takes half a second to import

    with redis.Redis(host=server.host, port=server.port) as other:
        other.set("price:tea", PRICE)
    with FaultProxy(server) as proxy:
        shop = program(proxy.host, proxy.port)
        shop.price("tea")
        with record(shop.r.connection_pool) as recording:
            proxy.pause(0.8)
            asked = {"price 1": shop.price, "price 2": shop.price, "sell 1": shop.sell, "sell 2": shop.sell}
            call_one_after_the_other([(name, partial(ask, "tea")) for name, ask in asked.items()], apart=0.03)
        picture = plot_timeline(recording)
        shop.r.connection_pool.disconnect()
    return picture


HINTS = (
    "Count the attempts in the program: a client with ten retries makes eleven attempts. Who calls that client, and "
    "how often?",
    "Each attempt on a silent server costs a `socket_timeout`, and each pause is added. Look at the picture: how long "
    "does one caller hold its connection? `server.opened()` counts the attempts that connected again.",
    "Which of the two commands can be sent twice without harm? They may use two clients, with a `retry` each.",
    "`Retry(backoff, retries, supported_errors=(…))` retries only after the errors that you name. A restart refuses "
    "connections (`ConnectionError`), and a silent server lets you wait (`TimeoutError`).",
)
