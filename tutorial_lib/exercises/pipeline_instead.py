"""A thousand views in a few round trips on one connection, and one of the counters is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._in_use import require_none_in_use
from tutorial_lib.exercises._words import so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "pipeline-instead"
LESSON = "09"
TITLE = "A thousand views in ten round trips"
NAME = "count_views"

PAGES = [f"page{number % 250}" for number in range(998)]
BROKEN, RIVALS, TEXT = "broken", "terms", b"many"
PAGES = [*PAGES[:400], BROKEN, *PAGES[400:], RIVALS]
MOST_TRIPS = 10
ROUND_TRIP = 0.02

PROMPT = """
**Given** a client `r` and a list of **1000** pages that were seen today. A page may be in the list more than once.
Redis is far away, so each round trip takes a while. Another shop adds to the same counters at the same time. One of
the counters, `views:broken`, holds a text, so Redis replies to its `INCR` with an error.

**Write** `count_views(r, pages)`: for each page in the list it adds 1 to the Redis key `views:<page>`. It returns the
list of the new numbers, in the same order.

**It passes when**
- it makes at most **10** round trips, on **one** connection of `r`, and returns that connection;
- every view is counted once, and no view of the other shop is lost;
- the list has `None` in the place of the broken counter, whose text stays as it is;
- it uses no Lua script: `EVAL` is not allowed on this server.
"""


def starter(r, pages):
    numbers = ...  # your code here
    return numbers


def solution(r, pages):
    with r.pipeline(transaction=False) as pipe:
        for page in pages:
            pipe.incr(f"views:{page}")
        results = pipe.execute(raise_on_error=False)
    return [None if isinstance(result, redis.ResponseError) else result for result in results]


WHY = """
A pipeline sends all commands and then reads all replies, so 1000 commands take one round trip. With
`raise_on_error=False` an error is one of the replies, and the others keep their numbers. A transaction, batches of 100
or one `INCRBY` for each page work too.
"""


class _Trips:
    """Counts round trips: the answer sends, and then reads. From the second on, another shop counts in between."""

    def __init__(self, other_shop: Callable[[], object]) -> None:
        self.number = 0
        self.by_the_other_shop = 0
        self._other_shop = other_shop

    def sends(self) -> None:
        if 0 < self.number <= MOST_TRIPS:
            self.by_the_other_shop += 1
            self._other_shop()


def _counted_by(trips: _Trips) -> type[redis.Connection]:
    """Return redis-py's own connection, which tells ``trips`` what it does from the moment when it is open."""

    class Counted(redis.Connection):
        is_open = has_sent = False

        def connect(self) -> None:
            super().connect()  # type: ignore[no-untyped-call]
            self.is_open = True

        def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            if self.is_open:
                trips.sends()
            super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]
            self.has_sent = True

        def read_response(self, *args: Any, **options: Any) -> Any:
            trips.number += self.is_open and self.has_sent
            self.has_sent = False
            return super().read_response(*args, **options)

    return Counted


def check(answer: Callable[..., Any], lab: Lab) -> str:
    where: dict[str, Any] = {"host": lab.server.host, "port": lab.server.port}
    with redis.Redis(**where) as rival:
        rival.set(f"views:{BROKEN}", TEXT)
        trips = _Trips(lambda: rival.incr(f"views:{RIVALS}"))
        with redis.ConnectionPool(connection_class=_counted_by(trips), **where, max_connections=50) as pool:
            r = redis.Redis(connection_pool=pool)
            r.ping()
            trips.number = 0
            opened_before = lab.server.opened()
            numbers = _call(answer, r, lab, rival)
            opened = lab.server.opened() - opened_before
            made = trips.number
            _require_list(numbers, lab)
            _require_one_connection(opened, pool)
        _require_stored(rival, trips.by_the_other_shop, lab)
        _require_numbers(numbers, trips.by_the_other_shop)
        _require_few(made, lab)
    return (
        f"{len(PAGES)} views took {so_many(made, 'round trip')} on one connection, and the broken counter harmed no "
        f"other. {ROUND_TRIP * 1000:.0f} ms away that is {made * ROUND_TRIP:.2f} s; one command after the other would "
        f"take {len(PAGES) * ROUND_TRIP:.0f} s."
    )


def _call(answer: Callable[..., Any], r: redis.Redis, lab: Lab, rival: redis.Redis) -> Any:
    try:
        return lab.call(answer, r, list(PAGES))
    except redis.exceptions.NoPermissionError as error:
        raise Wrong(
            f"Redis said `NoPermissionError: {error}`. Scripts, such as `EVAL`, are not allowed here. "
            "What else sends many commands at once?"
        ) from error
    except redis.ResponseError as error:
        raise Wrong(
            f"One counter held a text, and `{lab.name}` raised `{type(error).__name__}`. By then "
            f"{_stored(rival).total()} "
            "views had been counted, and their numbers are lost: a caller that retries counts them twice. Can the "
            "error be one of the results?"
        ) from error


def _require_list(numbers: Any, lab: Lab) -> None:
    if not isinstance(numbers, list):
        kind = f"a `{type(numbers).__name__}`" if hasattr(numbers, "__next__") else shown(numbers)
        raise Wrong(f"`{lab.name}` returned {kind}. It should return a list, with a number for each page.")
    if len(numbers) != len(PAGES):
        raise Wrong(
            f"{len(PAGES)} pages came in, and {len(numbers)} numbers out. If one is left out, which number belongs to "
            "which page?"
        )


def _require_one_connection(opened: int, pool: redis.ConnectionPool) -> None:
    if opened:
        raise Wrong(
            "While your function ran, the server had to accept more connections beside the one that `r` had. More "
            "connections make the same round trips, side by side. How can one connection make fewer?"
        )
    idea = "Which line returns the connection, and does it run after an error too?"
    require_none_in_use("When your function has returned", idea, pool)


def _stored(rival: redis.Redis) -> Counter[str]:
    pages = sorted({*PAGES} - {BROKEN})
    values = rival.mget([f"views:{page}" for page in pages])
    return Counter({page: int(value or 0) for page, value in zip(pages, values, strict=True)})


def _require_stored(rival: redis.Redis, by_the_other_shop: int, lab: Lab) -> None:
    stored, wanted = _stored(rival), Counter(PAGES)
    del wanted[BROKEN]
    wanted[RIVALS] += by_the_other_shop
    if not any(stored[page] for page in wanted if page != RIVALS):
        if lab.server.commands()["WATCH"]:
            raise Wrong(
                "No view was counted: the other shop changed a watched counter each time before your transaction, and "
                "you gave up. Which command adds without reading first, so that there is nothing to watch?"
            )
        raise Wrong("In Redis no `views:<page>` has grown. Are the keys spelled like that, and was INCR ever sent?")
    if stored[RIVALS] < wanted[RIVALS]:
        raise Wrong(
            f"Another shop counted views of `{RIVALS}` meanwhile, and `views:{RIVALS}` is {stored[RIVALS]} instead of "
            f"{wanted[RIVALS]}: between your reading and your writing theirs was overwritten. Which command adds "
            "without reading first?"
        )
    if rival.get(f"views:{BROKEN}") != TEXT:
        raise Wrong(
            f"`views:{BROKEN}` held the text {TEXT.decode()!r}, and your function has overwritten it. It belongs to "
            "someone else: leave it as it is, and put `None` into the list."
        )
    different = [page for page in wanted if stored[page] != wanted[page]]
    if different:
        page = different[0]
        raise Wrong(
            f"`{page}` is in the list {wanted[page]} times, and in Redis `views:{page}` is {stored[page]}; "
            f"{so_many(len(different), 'counter is', 'counters are')} wrong. Was something sent twice, or not at all?"
        )


def _require_numbers(numbers: list[Any], by_the_other_shop: int) -> None:
    broken = numbers[PAGES.index(BROKEN)]
    if broken is not None:
        raise Wrong(f"In the place of `{BROKEN}` the list has {shown(broken)}. It should have `None` there.")
    seen, last = Counter[str](), Counter(PAGES)
    for place, (page, number) in enumerate(zip(PAGES, numbers, strict=True)):
        seen[page] += 1
        allowed = range(1, by_the_other_shop + 2) if page == RIVALS else [None if page == BROKEN else seen[page]]
        if number in allowed and not isinstance(number, bool):
            continue
        if number is None:
            raise Wrong(
                f"Redis counted right, but place {place} of the list has `None`, and `{page}` is not the broken one. "
                "What becomes of the other numbers when there is an error among the replies?"
            )
        idea = (
            "That is its last number. Which command's reply is the number of this view?"
            if number == last[page]
            else "Is the order that of the list?"
        )
        raise Wrong(
            f"Redis counted right, but place {place} of the list has {shown(number)}: it is view {seen[page]} of "
            f"`{page}`. {idea}"
        )


def _require_few(trips: int, lab: Lab) -> None:
    if trips <= MOST_TRIPS:
        return
    if (executed := lab.server.commands()["EXEC"]) > MOST_TRIPS:
        raise Wrong(
            f"There is a pipeline, and it was executed {executed:,} times, which made {so_many(trips, 'round trip')}. "
            "Which line sends it off, and how often does that line run?"
        )
    together = len(PAGES) // trips
    idea = (
        f"About {together} commands share a round trip: make the batches larger."
        if together > 1
        else "What lets you send the next command before the last one is answered?"
    )
    raise Wrong(
        f"Everything is counted, on one connection, but in {trips:,} round trips; {MOST_TRIPS} are allowed. "
        f"{ROUND_TRIP * 1000:.0f} ms away that is {trips * ROUND_TRIP:g} s of waiting. {idea}"
    )


HINTS = (
    "Ten connections make as many round trips as one connection, even if they run side by side. What sends many "
    "commands and then reads all replies?",
    "`r.pipeline(transaction=False)` collects commands. They are sent by `execute()`, once, after the loop.",
    "`execute()` raises the first error that it reads, although Redis has executed all commands. It has an argument "
    "for that: `raise_on_error`.",
    "With `raise_on_error=False` errors come back in the list, each in its place, as `redis.ResponseError` objects. "
    "Put `None` in place of them.",
)
