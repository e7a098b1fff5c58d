"""Rules about a pool at its limit: callers that are refused, and callers that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tutorial_lib.examination.evidence import SourceLine
from tutorial_lib.examination.finding import Finding, Rule, seconds, times, worst_first
from tutorial_lib.examination.program_evidence import PoolGroup, ProgramEvidence
from tutorial_lib.sizing.formulas import connections_needed
from tutorial_lib.words import counted

WAIT_WORTH_TELLING = 0.05
"""Seconds. Shorter waits are what a blocking pool is for; a person does not notice them."""
WAITS_WORTH_TELLING = 20
"""A few waits when a program starts are no trouble."""
VERY_LONG_WAIT = 0.5
VERY_LONG_WAITS_WORTH_TELLING = 3
"""Three waits that take half a second on average are told, although they are few: threads that return a connection and
borrow again at once are served first, so the others wait seldom, but long."""
SHORT_WAIT = 0.01
"""Seconds. The limit that is proposed keeps 99 of 100 waits below."""
ENOUGH_TO_MEASURE = 20
"""Borrows. From fewer, a rate says more about how the program started than about its traffic."""
PLAUSIBLE = 10_000
"""Connections in use on average. Above, what was measured is no load that a limit could serve."""


def exhausted(program: ProgramEvidence) -> Iterator[Finding]:
    """A plain pool at its limit refused callers. Once is enough: each was an error in the program."""
    for pool in program.pools:
        evidence = pool.evidence
        if refused := evidence.no_connection.get("refused"):
            count = sum(refused.values())
            yield Finding(
                "exhausted",
                90,
                count,
                worst_first(refused),
                f"{times(count).capitalize()}, a caller was refused, because {_all(evidence.limit)} in use."
                f"{_holders(pool)}{_enough(pool, program)}",
                "If one line keeps connections for long, look at that line first. Otherwise raise max_connections, or "
                "let callers wait a moment, with a BlockingConnectionPool and a short timeout.",
                "notebooks/03_when_the_pool_is_exhausted.ipynb#Ten-requests-and-four-connections",
            )


def pool_waits(program: ProgramEvidence) -> Iterator[Finding]:
    """Callers of a blocking pool waited in vain, or waited long and often."""
    for pool in program.pools:
        evidence, waited = pool.evidence, pool.evidence.waited
        in_vain = evidence.no_connection.get("timed out", Counter())
        often_and_long = waited.count >= WAITS_WORTH_TELLING and waited.percentile(0.95) > WAIT_WORTH_TELLING
        very_long = waited.count >= VERY_LONG_WAITS_WORTH_TELLING and waited.mean > VERY_LONG_WAIT
        if in_vain or often_and_long or very_long:
            count = sum(in_vain.values())
            yield Finding(
                "pool-waits",
                85 if count else 50,
                count or waited.count,
                worst_first(in_vain or {place: held.count for place, held in evidence.lines.items()}),
                f"{_waits(pool, count)}{_holders(pool)}{_enough(pool, program)}",
                "If one line keeps connections for long, look at that line first. Otherwise raise max_connections.",
                "notebooks/03_when_the_pool_is_exhausted.ipynb#How-long-should-a-request-wait?",
            )


def _waits(pool: PoolGroup, in_vain: int) -> str:
    """Say how often callers waited, how long, and how often for nothing."""
    waited, within = pool.evidence.waited, pool.evidence.settings.get("timeout")
    how_long = f" {seconds(waited.longest)} for a connection"
    if waited.count > 1:
        how_long = f" for a connection, {seconds(waited.mean)} on average and {seconds(waited.longest)} at most"
    if waited.count >= WAITS_WORTH_TELLING:
        how_long += f" (95 of 100 waited {seconds(waited.percentile(0.95))} or less)"
    told = f"{times(waited.count).capitalize()}, a caller waited{how_long}, because {_all(pool.evidence.limit)} in use."
    if not in_vain:
        return told
    limit = f" within the pool's timeout of {within:g} s" if isinstance(within, int | float) else ""
    return f"{told} {times(in_vain).capitalize()}, none was returned{limit}: `No connection available.`"


def _all(limit: int) -> str:
    few = {1: "the only connection of the pool was", 2: "both connections of the pool were"}
    return few.get(limit, f"all {limit} connections of the pool were")


def _holders(pool: PoolGroup) -> str:
    """Say which lines had the connections meanwhile; where that was not noted, which line had them most of the time."""
    held = {place: event.count for place, event in pool.evidence.events.get("held-meanwhile", {}).items()}
    if not held:
        used = {place: times.total for place, times in pool.evidence.lines.items()}
        busiest = max(used, key=lambda place: used[place], default=None)
        if busiest is None or not used[busiest]:
            return ""
        share = used[busiest] / sum(used.values())
        return f" For {share:.0%} of the time that connections were in use, it was on {_short(busiest)}."
    first = worst_first(held)[0]
    others = len(held) - 1
    more = f" and on {counted(others, 'other line')}" if others else ""
    they = "They" if pool.evidence.limit > 1 else "It"
    return f" {they} had been borrowed on {_short(first)}{more}."


def _short(place: SourceLine) -> str:
    return f"line {place.line} (`{place.text}`)" if place.text else str(place)


def _enough(pool: PoolGroup, program: ProgramEvidence) -> str:
    """Say how many connections the sizing model gives for what was measured."""
    held = pool.evidence.held
    if held.count < ENOUGH_TO_MEASURE or not held.mean or not program.duration:
        return ""
    asked = held.count + sum(sum(lines.values()) for lines in pool.evidence.no_connection.values())
    per_pool = asked / program.duration / max(1, pool.processes) / max(1, pool.most_made)
    if per_pool * held.mean > PLAUSIBLE:
        return ""
    needed = connections_needed(per_pool, held.mean, SHORT_WAIT)
    measured = f"{per_pool:.3g} borrows a second, {seconds(held.mean)} each on average"
    if needed <= pool.evidence.limit:
        return (
            f" For {measured}, {counted(needed, 'connection')} would be enough if callers came evenly. So look for "
            "many callers at one moment, or for a line that keeps its connections."
        )
    return f" For {measured}, about {needed} connections keep 99 of 100 waits under {seconds(SHORT_WAIT)}."


RULES: tuple[Rule, ...] = (exhausted, pool_waits)
