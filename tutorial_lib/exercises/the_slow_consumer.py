"""An incident: workers that keep a connection, and a watch, while a slow mail server does its work."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import require_no_script
from tutorial_lib.exercises._in_use import total_in_use
from tutorial_lib.exercises._incidents import (
    call_one_after_the_other,
    ended,
    method_of,
    program_pools,
    require_total_limit,
)
from tutorial_lib.exercises._words import named, outcome, so_many
from tutorial_lib.pools.recording import record
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.servers import Server

ID = "the-slow-consumer"
LESSON = "15"
TITLE = "The slow consumer"
NAME = "Mailer"

LIMIT = 2
BOTH_WITHIN = 1.0

PROMPT = """
**What happened.** Two workers send the shop's mails, and a page shows how many are waiting. Since the mail server got
slow, that page fails most of the time. And customers complain: the same mail comes twice, or three times.

**The log** of one second:

```
mailer 1: sends mail 1
mailer 2: sends mail 1
status: MaxConnectionsError: Too many connections
status: MaxConnectionsError: Too many connections
mailer 1: WatchError: Watched variable changed.
mailer 1: sends mail 1
mailer 2: WatchError: Watched variable changed.
```

**Given** the program below, `mailer.py`, with the class `Mailer(host, port)`. Two threads call `handle(send)`, which
sends one mail from the list `mails` by calling `send(mail)`, and returns `True`, or `False` if there is none.
`waiting()` is for the page. The cell above the program runs it with a slow `send`, and draws its pool.

**Write** a `Mailer` that a slow mail server can't stop.

**It passes when**
- two threads send two different mails at the same time, and each mail is sent **once**, although the shop adds others
  meanwhile;
- while both `send` calls go on, **0** connections are in use, and `waiting()` returns a number;
- if `send` raises, its error reaches the caller of `handle`, and the mail isn't lost: a later `handle` sends it;
- the limit is still **2** connections.
"""


class starter:
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=2)

    def handle(self, send):
        with self.r.pipeline() as queue:
            queue.watch("mails")
            mail = queue.lindex("mails", 0)
            if mail is None:
                return False
            send(mail.decode())
            queue.multi()
            queue.lpop("mails")
            queue.execute()
            return True

    def waiting(self):
        return self.r.llen("mails")


class solution:
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=2)

    def handle(self, send):
        mail = self.r.lmove("mails", "sending", "LEFT", "RIGHT")
        if mail is None:
            return False
        try:
            send(mail.decode())
        except BaseException:
            self.r.lpush("mails", mail)
            raise
        finally:
            self.r.lrem("sending", 1, mail)
        return True

    def waiting(self):
        return self.r.llen("mails")


WHY = """
A pipeline that watches keeps its connection until it ends, and its watch notices every change, also one that does no
harm. To take the mail with one command needs neither: no other worker can get it, and the connection is back before the
slow part begins. The list `sending` keeps what was taken, so that even after a crash you know which mails to look at.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as shop:
        day = _Day(lab, lab.call(answer, lab.server.host, lab.server.port), shop)
        day.is_calm()
        day.is_slow()
        day.has_a_mail_server_that_fails()
        require_total_limit(program_pools(lab, shop), LIMIT, "Who used the connections while a mail was being sent?")
    return (
        f"While two mails were being sent, 0 of {LIMIT} connections were in use and `waiting()` had its reply. "
        "Each mail "
        "was sent once, and one whose `send` had raised was sent later."
    )


class _Day:
    """A learner's mailer, and the shop that gives it mails."""

    def __init__(self, lab: Lab, mailer: Any, shop: redis.Redis) -> None:
        self._lab = lab
        self._shop = shop
        self._handle = method_of(mailer, "handle", lab, print)
        self._waiting = method_of(mailer, "waiting", lab)

    def is_calm(self) -> None:
        self._shop.rpush("mails", "mail 1", "mail 2")
        sent: list[Any] = []
        for number, wanted in enumerate((True, True, False), start=1):
            result = ended(partial(self._handle, sent.append))
            require_no_script(
                result,
                "A lock would also make the second worker wait while the first one sends. How can a worker take a mail "
                "so that no other gets it?",
            )
            if isinstance(result, Exception) or result is not wanted:
                raise Wrong(
                    f"Two mails were waiting, and call {number} of `handle` {outcome(result)}. It should return "
                    f"{wanted}."
                )
        if sent != ["mail 1", "mail 2"]:
            raise Wrong(
                f"`mail 1` and `mail 2` were waiting, and `send` got {shown(sent)}. In which order, and as text?"
            )

    def is_slow(self) -> None:
        self._shop.rpush("mails", "mail 3", "mail 4")
        sent, go_on = list[str](), threading.Event()

        def send(mail: str) -> None:
            sent.append(mail)
            go_on.wait(3)

        results: list[Any] = []
        mailers = [threading.Thread(target=lambda: results.append(ended(lambda: self._handle(send)))) for _ in range(2)]
        for mailer in mailers:
            mailer.start()
        try:
            self._require_both(sent)
            self._require_none_in_use()
            self._shop.rpush("mails", "mail 5")
        finally:
            go_on.set()
            for mailer in mailers:
                mailer.join()
        for result in results:
            if isinstance(result, Exception):
                raise Wrong(
                    f"The shop added a mail while two were being sent, and `handle` raised {named(result)}. Its "
                    "own mail "
                    "had gone out by then, and stays in the list. What is the watch for?"
                )
        while ended(lambda: self._handle(sent.append)) is True and len(sent) < 9:
            pass
        self._require_once(sent)

    def _require_both(self, sent: list[str]) -> None:
        until = monotonic() + BOTH_WITHIN
        while len(sent) < 2 and monotonic() < until:
            sleep(0.005)
        if len(sent) < 2:
            raise Wrong(
                f"Two threads called `handle`, and after {BOTH_WITHIN:g} s {so_many(len(sent), 'mail')} was being "
                "sent. "
                "What does the second thread wait for?"
            )
        if sent[0] == sent[1]:
            raise Wrong(
                f"Two threads called `handle`, and both sent `{sent[0]}`: the customer gets it twice. From when "
                "on does "
                "another worker know that a mail is taken?"
            )

    def _require_none_in_use(self) -> None:
        kept = total_in_use(program_pools(self._lab, self._shop))
        page = ended(self._waiting)
        if kept:
            raise Wrong(
                f"While two mails were being sent, {so_many(kept, 'connection')} {'was' if kept == 1 else 'were'} in "
                f"use, and `waiting()` {outcome(page)}. Redis has nothing to do meanwhile. What keeps a connection "
                "until `send` is back?"
            )
        if not isinstance(page, int):
            raise Wrong(f"While two mails were being sent, `waiting()` {outcome(page)}. It should return a number.")

    def _require_once(self, sent: list[str]) -> None:
        times = Counter(sent)
        for mail in ("mail 3", "mail 4", "mail 5"):
            if times[mail] != 1:
                raise Wrong(
                    f"`{mail}` was sent {so_many(times[mail], 'time')}. Each mail has to be sent once. Where is a mail "
                    "between the list and `send`?"
                )

    def has_a_mail_server_that_fails(self) -> None:
        def fails(mail: str) -> None:
            raise OSError("the mail server is away")

        self._shop.rpush("mails", "mail 6")
        result = ended(lambda: self._handle(fails))
        if not isinstance(result, OSError) or isinstance(result, redis.RedisError):
            raise Wrong(
                f"`send` raised an `OSError`, and `handle` {outcome(result)}. How does the caller learn of the error?"
            )
        sent: list[str] = []
        again = ended(lambda: self._handle(sent.append))
        if sent != ["mail 6"]:
            said = f"raised {named(again)}" if isinstance(again, Exception) else f"sent {shown(sent)}"
            raise Wrong(
                f"`send` raised an `OSError` for `mail 6`, and the next `handle` {said}: `mail 6` is lost. Where "
                "should "
                "it be until it has been sent?"
            )


def dashboard(program: Callable[..., Any], server: Server) -> Any:
    """Let two mailers work with a slow mail server, while a page asks how many mails are waiting."""
    from tutorial_lib.plots.recordings import plot_timeline  # here: matplotlib takes half a second to import

    mailer = program(server.host, server.port)
    with redis.Redis(host=server.host, port=server.port) as shop, record(mailer.r.connection_pool) as recording:
        shop.rpush("mails", "mail 1", "mail 2")
        jobs: list[tuple[str, Callable[[], Any]]] = [
            (f"mailer {number}", lambda: mailer.handle(lambda mail: sleep(0.3))) for number in (1, 2)
        ]
        jobs += [(f"status {number}", mailer.waiting) for number in (1, 2, 3, 4)]
        call_one_after_the_other(jobs, apart=0.05)
    picture = plot_timeline(recording)
    mailer.r.connection_pool.disconnect()
    return picture


HINTS = (
    "Look at the picture: who holds the connections while the page is refused, and what is Redis asked for in "
    "that time?",
    "`PoolView(mailer.r.connection_pool)` shows a connection in use for as long as `send` sleeps. A pipeline that has "
    "called `watch` needs its connection until it ends.",
    "Two workers may look at the same first mail. Which commands take an item out of a list and return it, at once?",
    "If the mail is taken before it is sent, an error of `send` loses it. Put it back then, or move it to a "
    "second list "
    "first.",
)
