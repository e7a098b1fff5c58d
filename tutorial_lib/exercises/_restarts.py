"""How a client is judged that gets over a short restart and reports a long outage, whether it is awaited or not."""

from __future__ import annotations

import redis
import redis.asyncio

from tutorial_lib.exercises._calls import Call, became
from tutorial_lib.exercises._weather import GREETING, RETRIES, change_greeting, tries_after
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

Client = redis.Redis | redis.asyncio.Redis

RESTARTS_IN = 0.2
TOLD_AT_THE_LATEST = 0.8
AT_ONCE_WITHIN = 0.15
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
LONGEST_GET = TOLD_AT_THE_LATEST + 0.2

NEW_GREETING = f"{GREETING} again"


def is_at_once(call: Call) -> bool:
    return call.result == GREETING and call.seconds < AT_ONCE_WITHIN


def require_at_once(call: Call) -> None:
    """Raise Wrong unless a call while Redis was up returned the greeting, and soon."""
    if call.result != GREETING:
        raise Wrong(
            f"Redis was up, and `get` {became(call)}. The key `greeting` in database 0 holds {GREETING!r}. Does your "
            "client connect to that database?"
        )
    if not is_at_once(call):
        raise Wrong(
            f"Redis was up, and `get` took {call.seconds:.1f} s. Only an outage should cost time. Does your client "
            "pause before it knows whether there is an error?"
        )


def renew_greeting(lab: Lab) -> None:
    """Change the greeting before the outage, so that an answer that was remembered is not the answer of Redis."""
    change_greeting(NEW_GREETING, lab)


def require_bridged(call: Call, r: Client, why: str = "") -> None:
    """Raise Wrong unless a call in a short outage returned the new greeting. ``why`` is what the caller knows of it."""
    if call.result == NEW_GREETING:
        return
    if call.result == GREETING:
        raise Wrong(
            f"Redis was down for {RESTARTS_IN} s, and `get` returned {GREETING!r}. Meanwhile the greeting had become "
            f"{NEW_GREETING!r}, so your client remembered an old value. When does it ask Redis again?"
        )
    when = " before Redis was back" if call.error else ""
    raise Wrong(f"Redis was down for {RESTARTS_IN} s, and `get` {became(call)}{when}. {why or _why_not(call, r)}")


def _why_not(call: Call, r: Client) -> str:
    settings = r.connection_pool.connection_kwargs
    retry, tries = settings.get("retry"), tries_after(redis.ConnectionError, r.connection_pool)
    if not call.returned:
        return "That's too late for an answer. How long are the pauses between the attempts?"
    if _is_of_the_learners_class(r) or not call.error:
        return "Redis was back soon afterwards. What does your client do until then?"
    if tries > 1:
        return (
            f"It made {tries} attempts, and all of them were over before Redis was back, because a refused connection "
            "fails at once. How long are the pauses between the attempts in total?"
        )
    if settings.get("health_check_interval"):
        return (
            "It made 1 attempt. A health check sends a PING before the command, but it doesn't retry after an error. "
            "Which argument does?"
        )
    if isinstance(retry, RETRIES) and retry.get_retries():
        return (
            "It made 1 attempt, because its `retry` doesn't retry after a `ConnectionError`. Which errors does "
            "`supported_errors` list?"
        )
    if r.auto_close_connection_pool:
        by_url = "" if retry else ", like every pool made by `from_url` without one"
        return (
            f"It made 1 attempt, because it has no `retry` that would make another{by_url}. Which argument is missing?"
        )
    return (
        "It made 1 attempt, because its pool has no `retry`, and a connection has the settings of the pool that opened "
        "it. Where did you write yours?"
    )


def is_told_in_time(call: Call) -> bool:
    return call.seconds <= TOLD_AT_THE_LATEST


def require_told(call: Call, r: Client) -> None:
    """Raise Wrong unless a call while Redis stayed down raised an error of redis-py in time."""
    if not call.returned:
        raise Wrong(f"Redis stayed down, and after {TOLD_AT_THE_LATEST:g} s `get` was still retrying. {_how_long(r)}")
    if call.error is None:
        remembered = " Your client remembered that value." if call.result == GREETING else ""
        raise Wrong(
            f"Redis stayed down, and `get` {became(call)}.{remembered} The caller has to know that Redis can't be "
            "reached. What would tell it?"
        )
    if not isinstance(call.error, redis.RedisError):
        raise Wrong(
            f"Redis stayed down, and `get` raised {named(call.error)}. Callers catch redis-py's errors, such as "
            "`redis.ConnectionError`. Which one did you replace?"
        )
    if not is_told_in_time(call):
        raise Wrong(
            f"Redis stayed down, and `get` raised its error after more than {TOLD_AT_THE_LATEST:g} s. {_how_long(r)}"
        )


def _how_long(r: Client) -> str:
    tries = tries_after(redis.ConnectionError, r.connection_pool)
    if tries < 0:
        return "A negative number of retries means for ever. How many are enough for the short outage?"
    if _is_of_the_learners_class(r):
        return (
            f"Each call makes {so_many(tries, 'attempt')}, and your class may call again. How long does all of it take?"
        )
    return f"It makes {tries} attempts, with pauses in between. How long are the pauses in total?"


def _is_of_the_learners_class(r: Client) -> bool:
    return type(r) not in (redis.Redis, redis.asyncio.Redis)
