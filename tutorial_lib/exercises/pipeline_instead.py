"""A thousand views, one connection, a few round trips; and one counter of them is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "pipeline-instead"
LESSON = "07"
TITLE = "A thousand views in ten round trips"
NAME = "count_views"

PAGES = [f"page{number % 250}" for number in range(998)]
BROKEN, RIVALS = "broken", "terms"
PAGES = [*PAGES[:400], BROKEN, *PAGES[400:], RIVALS]
MOST_TRIPS = 10
ROUND_TRIP = 0.02

PROMPT = """
The shop has written down which pages were seen today, and adds them to its counters at night. Write
`count_views(r, pages)`: for each page of the list it adds 1 to `views:<page>`, and it returns the list of the new
numbers, in the same order. A page may be in the list more than once.

`r` is a client, as always. The list has **1000** pages, and Redis is far away: **10** round trips are allowed, on
**one** connection. Another shop uses the same counters meanwhile. Scripts (`EVAL`) are not allowed here.

One thing more: somebody has stored a text in one of the counters, so that `INCR` answers with an error there. In its
place the list shall have `None`; all other views are counted, once.
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


class _Trips:
    """Counts round trips: somebody has sent, and reads. ``between`` is called once, when a second one begins."""

    def __init__(self, between: Callable[[], object]) -> None:
        self.number = 0
        self.was_between = False
        self._between = between

    def sends(self) -> None:
        if self.number and not self.was_between:
            self.was_between = True
            self._between()


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
        rival.set(f"views:{BROKEN}", "many")
        trips = _Trips(lambda: rival.incr(f"views:{RIVALS}"))
        with redis.ConnectionPool(connection_class=_counted_by(trips), **where, max_connections=50) as pool:
            r = redis.Redis(connection_pool=pool)
            r.ping()
            trips.number = 0
            opened_before = lab.server.opened()
            numbers = _call(answer, r, lab, rival)
            opened = lab.server.opened() - opened_before
            number_of_trips = trips.number
        if not trips.was_between:
            rival.incr(f"views:{RIVALS}")
        _require_numbers(numbers, lab)
        _require_stored(rival)
        _require_few(number_of_trips, opened, lab)
    return (
        f"{len(PAGES)} views, one of them broken and the others counted once, in {_trips(number_of_trips)} on one "
        f"connection. {ROUND_TRIP * 1000:.0f} ms away that is {number_of_trips * ROUND_TRIP:.2f} s, and one by one "
        f"it would be {len(PAGES) * ROUND_TRIP:.0f}."
    )


def _trips(number: int) -> str:
    return "1 round trip" if number == 1 else f"{number:,} round trips"


def _call(answer: Callable[..., Any], r: redis.Redis, lab: Lab, rival: redis.Redis) -> Any:
    try:
        return lab.call(answer, r, list(PAGES))
    except redis.exceptions.NoPermissionError as error:
        raise Wrong(
            f"Redis said `NoPermissionError: {error}`. Scripts, such as `EVAL`, are not allowed here. "
            "What else sends many commands at once?"
        ) from error
    except redis.ResponseError as error:
        counted = _stored(rival).total()
        raise Wrong(
            f"One counter held a text, and `{lab.name}` raised `{type(error).__name__}`. {counted} views had been "
            "counted by then, and nobody has their numbers: whoever calls again counts them twice. "
            "Must one bad answer be the end of the others?"
        ) from error


def _stored(rival: redis.Redis) -> Counter[str]:
    pages = sorted({*PAGES} - {BROKEN})
    values = rival.mget([f"views:{page}" for page in pages])
    return Counter({page: int(value or 0) for page, value in zip(pages, values, strict=True)})


def _require_numbers(numbers: Any, lab: Lab) -> None:
    if not isinstance(numbers, list):
        raise Wrong(f"`{lab.name}` returned {shown(numbers)}. Asked for is a list, with a number for each page.")
    if len(numbers) != len(PAGES):
        raise Wrong(
            f"{len(PAGES)} pages came in, and {len(numbers)} numbers out. Which belongs to which page, "
            "if one is left out?"
        )
    at = PAGES.index(BROKEN)
    if numbers[at] is not None:
        raise Wrong(f"The broken counter's place holds {shown(numbers[at])}, and should hold `None`.")
    seen: Counter[str] = Counter()
    for place, (page, number) in enumerate(zip(PAGES, numbers, strict=True)):
        seen[page] += 1
        allowed = [1, 2] if page == RIVALS else [None if page == BROKEN else seen[page]]
        if number not in allowed or isinstance(number, bool):
            wanted = " or ".join(f"`{one}`" for one in allowed)
            raise Wrong(
                f"Place {place} holds {shown(number)} and should hold {wanted}: that was view "
                f"{seen[page]} of `{page}`. Is each view counted once, and is the order that of the list?"
            )


def _require_stored(rival: redis.Redis) -> None:
    stored, wanted = _stored(rival), Counter(PAGES)
    if stored.total() == stored[RIVALS]:
        raise Wrong(
            "The numbers look right, and Redis has counted none of these views: who counts in Python alone begins "
            "anew every night. Which command was never sent?"
        )
    if stored[RIVALS] < 2:
        raise Wrong(
            f"Another shop counted a view of `{RIVALS}` while you were at work, and now the counter says "
            f"{stored[RIVALS]}, not 2: between your reading and your writing its view was overwritten. Which command "
            "adds without reading first?"
        )
    wanted[RIVALS] += 1
    twice = [page for page in wanted if page != BROKEN and stored[page] != wanted[page]]
    if twice:
        page = twice[0]
        raise Wrong(
            f"The numbers look right, and in Redis `views:{page}` is {stored[page]} where {wanted[page]} were seen; "
            f"{len(twice)} counters are wrong. Was something sent a second time, or never?"
        )


def _require_few(trips: int, opened: int, lab: Lab) -> None:
    seconds = f"{ROUND_TRIP * 1000:.0f} ms away that is {trips * ROUND_TRIP:g} s of waiting."
    if opened:
        raise Wrong(
            f"All is counted, and {opened} more connections were opened for it, which made {trips:,} round trips "
            "together. The trips were shared out, not saved. Can one connection make fewer?"
        )
    if trips > MOST_TRIPS and (executed := lab.server.commands()["EXEC"]) > MOST_TRIPS:
        raise Wrong(
            f"There is a pipeline, and it was executed {executed:,} times: {trips:,} round trips. "
            "Which line sends it off, and how often does that line run?"
        )
    if trips > MOST_TRIPS:
        together = len(PAGES) // trips
        raise Wrong(
            f"All is counted, on one connection, in {trips:,} round trips; {MOST_TRIPS} are allowed. {seconds} "
            + (
                f"Some {together} commands share each of them: make the batches larger."
                if together > 1
                else "What would let you send the next command before the last is answered?"
            )
        )


HINTS = (
    "Ten connections make as many round trips as one, only side by side. What sends many commands and then reads many "
    "answers?",
    "`r.pipeline(transaction=False)` collects commands; they are sent by `execute()`, once, after the loop.",
    "`execute()` raises the first error that it reads, although all commands have been carried out. It has an argument "
    "for that: `raise_on_error`.",
    "With `raise_on_error=False` errors come back in the list, each in its place, as objects of "
    "`redis.ResponseError`. Put `None` where one is.",
)
