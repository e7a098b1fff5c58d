"""Rules about connections that do not come back: leaks, subscriptions, watches, generators, blocking commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from tutorial_lib.examination.evidence import Kept
from tutorial_lib.examination.finding import Finding, Rule, seconds, worst_first
from tutorial_lib.examination.seen import Pools, Seen

LONG = 1.0
"""Seconds. A connection that was borrowed by hand and is in use for less may be at work."""


def leak(seen: Seen) -> Iterator[Finding]:
    """Connections that were borrowed with get_connection, and were not returned when the program ended.

    One that is young and alone may be at work; several of one line, an old one, or one that exhausted its pool is not,
    nor is one of a test or a block that has ended.
    """
    for pool in seen.pools:
        by_hand = [kept for kept in pool.evidence.kept if kept.by == "hand"]
        short = _is_short(pool)
        certain = short or seen.is_over
        lost = [kept for kept in by_hand if certain or kept.age > LONG or _of_line(by_hand, kept) > 1]
        if lost:
            yield _finding(
                "leak",
                100,
                pool,
                lost,
                "borrowed with get_connection() and never returned",
                "Return it in a finally block: connection = pool.get_connection(), try: …, finally: "
                "pool.release(connection). An ordinary command, such as r.get(), does that for you.",
                "05_who_still_holds_a_connection",
            )


def kept_by_an_object(
    kind: str, wanted: Callable[[Kept, Pools], bool], what: str, fix: str, lesson: str, weight: int = 70
) -> Rule:
    """Make a rule about connections that are kept by an object of redis-py."""

    def rule(seen: Seen) -> Iterator[Finding]:
        for pool in seen.pools:
            kept = [one for one in pool.evidence.kept if wanted(one, pool)]
            if kept:
                yield _finding(kind, weight, pool, kept, what, fix, lesson)

    return rule


def _subscribed_to_nothing_or_too_many(kept: Kept, pool: Pools) -> bool:
    """A subscription may keep its connection. One that hears nothing may not, nor may they exhaust the pool."""
    return kept.by == "pubsub idle" or (kept.by == "pubsub" and _is_short(pool))


pubsub_kept = kept_by_an_object(
    "pubsub-kept",
    _subscribed_to_nothing_or_too_many,
    "kept by a PubSub that was not closed; unsubscribe() does not return the connection",
    "Use `with r.pubsub() as pubsub:`, or call its close(). If many listen at once, give them a pool of their own.",
    "06_commands_that_keep_a_connection",
)
generator_kept = kept_by_an_object(
    "generator-kept",
    lambda kept, _: kept.by.endswith(" generator"),
    "kept by a generator that is not finished: its `with` block has not ended",
    "Close the generator: contextlib.closing(events()), or contextlib.aclosing(events()) for async ones.",
    "06_commands_that_keep_a_connection",
)
kept_by_exception = kept_by_an_object(
    "kept-by-exception",
    lambda kept, _: kept.by.endswith(" exception"),
    "kept by a stored exception, whose traceback keeps the variables of the functions that it left",
    "Use `with` for the pub/sub or pipeline, so that it ends with the block; or keep str(error) instead of the error.",
    "06_commands_that_keep_a_connection",
)
watch_kept = kept_by_an_object(
    "watch-kept",
    lambda kept, pool: kept.by == "watch" and (kept.age > LONG or _is_short(pool)),
    "kept by a pipeline after watch(); unwatch() does not return the connection",
    "Use `with r.pipeline() as pipe:`, or call its reset().",
    "06_commands_that_keep_a_connection",
)


def blocking_on_shared(seen: Seen) -> Iterator[Finding]:
    """A blocking command keeps a connection of a pool from which other lines borrow for other commands.

    Told where these others had to wait or were refused, or where the blocking callers took half of the limit.
    """
    for pool in seen.pools:
        evidence = pool.evidence
        blocked = evidence.events.get("blocked", {})
        if not blocked or not set(evidence.lines) - set(blocked):
            continue
        at_work = [kept for kept in evidence.kept if kept.place in blocked]
        if _is_short(pool) or 2 * max(len(at_work), 1) > evidence.limit:
            commands = Counter(command for event in blocked.values() for command in event.commands)
            named = " and ".join(sorted(commands))
            longest = max(evidence.lines[place].longest for place in blocked if place in evidence.lines)
            yield Finding(
                "blocking-on-shared",
                60,
                sum(event.count for event in blocked.values()),
                worst_first({place: event.count for place, event in blocked.items()}),
                f"{named} kept a connection for up to {seconds(longest)}, in a pool from which other lines borrow as "
                f"well "
                f"and which had none left for some of them (limit {evidence.limit}).",
                "Give blocking commands a client, and so a pool, of their own.",
                "06_commands_that_keep_a_connection",
            )


def _is_short(pool: Pools) -> bool:
    return bool(pool.evidence.no_connection.get("refused") or pool.evidence.no_connection.get("timed out"))


def _of_line(kept: list[Kept], one: Kept) -> int:
    return sum(other.place == one.place for other in kept)


def _finding(kind: str, weight: int, pool: Pools, kept: list[Kept], what: str, fix: str, lesson: str) -> Finding:
    lines = Counter(one.place for one in kept)
    count, oldest = len(kept), max(one.age for one in kept)
    were = f"{count} connections were" if count > 1 else "One connection was"
    return Finding(
        kind,
        weight,
        count,
        worst_first(lines),
        f"{were} still in use at the end, of {pool.evidence.limit} that the pool may open, the oldest for "
        f"{seconds(oldest)}: {what}.",
        fix,
        lesson,
    )


RULES: tuple[Rule, ...] = (leak, pubsub_kept, generator_kept, kept_by_exception, watch_kept, blocking_on_shared)
