"""Rules about commands: sent twice, not answered, cancelled, or sent where their connection does not belong."""

from __future__ import annotations

from collections.abc import Iterator

from tutorial_lib.examination.evidence import Event, SourceLine
from tutorial_lib.examination.finding import Finding, Rule, times, worst_first
from tutorial_lib.examination.program_evidence import ProgramEvidence

BETWEEN_COMMANDS = "notebooks/10_when_a_connection_dies.ipynb#When-does-a-pool-notice-a-dead-connection?"
TRIED_AGAIN_TOO_OFTEN = 3
"""Attempts after a timeout. One or two are what retries are for."""
DURING_A_COMMAND = "notebooks/10_when_a_connection_dies.ipynb#A-connection-that-breaks-during-a-command"


def timeout_shorter_than_block(program: ProgramEvidence) -> Iterator[Finding]:
    """A blocking command ended in a timeout of redis-py's: once is enough, since it will again."""
    for pool in program.pools:
        if events := pool.evidence.events.get("blocked-too-long"):
            limit = pool.evidence.settings.get("socket_timeout")
            is_limit = f" is {limit:g} s, and" if isinstance(limit, int | float) else " ends first:"
            again = _count(pool.evidence.events.get("sent-again", {}), _commands(events))
            sent = f" {times(again).capitalize()}, redis-py sent the command again." if again else ""
            yield _finding(
                "timeout-shorter-than-block",
                65,
                events,
                f"{', '.join(_commands(events))} ended in `Timeout reading from socket`: socket_timeout{is_limit} the "
                f"command waits longer.{sent}",
                "Give blocking commands a client of their own, with socket_timeout=None or with a socket_timeout "
                "that is longer than they wait.",
                "notebooks/06_commands_that_keep_a_connection.ipynb#A-BLPOP-that-waits-longer-than-socket_timeout",
            )


def retried_timeouts(program: ProgramEvidence) -> Iterator[Finding]:
    """redis-py tried again after timeouts, so that callers waited several times as long as the program allows."""
    for pool in program.pools:
        events, settings = pool.evidence.events.get("timeout", {}), pool.evidence.settings
        opening = sum(event.count for event in pool.evidence.events.get("timeout-opening", {}).values())
        again = max(opening, _count(pool.evidence.events.get("sent-again", {}), _commands(events)))
        if events and again >= TRIED_AGAIN_TOO_OFTEN:
            limit, attempts = settings.get("socket_timeout"), settings.get("retries", 0) + 1
            longest = (
                f": up to {attempts} × {limit:g} s, and the pauses between" if isinstance(limit, int | float) else ""  # noqa: RUF001
            )
            yield _finding(
                "retried-timeouts",
                58,
                events,
                f"the reply to {' or '.join(_commands(events))} did not come in time. {times(again).capitalize()}, "
                f"redis-py tried again. The caller waits for all attempts{longest}.",
                "Choose socket_timeout and the number of retries together, so that all attempts end before your own "
                "caller gives up. If one command is slow, find out why: SLOWLOG GET lists the slowest.",
                "notebooks/11_how_long_a_caller_waits.ipynb#How-long-is-the-worst-case?",
            )


def duplicated_write(program: ProgramEvidence) -> Iterator[Finding]:
    """A command that counts twice when it runs twice was sent again after its reply was lost."""
    if events := program.of_kind("duplicated-write"):
        yield _finding(
            "duplicated-write",
            88,
            events,
            f"redis-py sent {', '.join(_commands(events))} a second time, because the first reply did not come. "
            "Redis may have run the command twice.",
            "Retry only commands that may run twice. For the others, use a client without retry, or a command that "
            "leaves the same result when it runs twice, such as SADD with an id for each event.",
            "notebooks/10_when_a_connection_dies.ipynb#A-lost-reply-and-a-counter",
        )


def unread_reply(program: ProgramEvidence) -> Iterator[Finding]:
    """A connection was returned before its reply was read."""
    if events := program.of_kind("unread-reply"):
        yield _finding(
            "unread-reply",
            98,
            events,
            "a connection was returned before the reply to its last command was read. The next caller may read that "
            "reply instead of its own.",
            "Read the reply before you call release(). If an exception comes between, call connection.disconnect() "
            "first.",
            "notebooks/05_who_still_holds_a_connection.ipynb#What-does-an-interrupted-caller-leave-behind?",
        )


def stale_reconnects(program: ProgramEvidence) -> Iterator[Finding]:
    """Connections were lost between two commands: each lost command, or three silent reconnections, are told."""
    lost, reopened = program.of_kind("lost"), program.of_kind("reconnected")
    again = sum(event.count for event in reopened.values())
    if lost or again >= 3:
        text = next((event.detail for event in lost.values() if event.detail), "")
        then = f" {times(again).capitalize()}, a lost connection was opened again." if again else ""
        said = (
            f"a command lost its connection ({text.rstrip('.')}).{then}"
            if lost
            else ("a connection had been closed by the server or by something between, and redis-py opened it again.")
        )
        yield _finding(
            "stale-reconnects",
            55 if lost else 20,
            lost or reopened,
            said,
            "Give the pool a retry=, and set health_check_interval below the shortest idle timeout between your "
            "program and Redis.",
            DURING_A_COMMAND if lost else BETWEEN_COMMANDS,
        )


def cancelled_borrow(program: ProgramEvidence) -> Iterator[Finding]:
    """Commands were cancelled on their way. Three times are a habit: each costs a connection."""
    events = program.of_kind("cancelled")
    if sum(event.count for event in events.values()) >= 3:
        yield _finding(
            "cancelled-borrow",
            35,
            events,
            "a task was cancelled while it waited for a reply. redis-py has to close that connection, and Redis may "
            "have run the command.",
            "Limit commands with socket_timeout instead of cancelling their task, or let them finish with "
            "asyncio.shield().",
            "notebooks/12_asyncio.ipynb#What-does-a-cancelled-command-leave-behind?",
        )


def used_after_fork(program: ProgramEvidence) -> Iterator[Finding]:
    """A child process spoke on a connection that its parent had borrowed."""
    if events := program.of_kind("used-after-fork"):
        yield _finding(
            "used-after-fork",
            97,
            events,
            "a child process sent a command on a connection that its parent had borrowed before the fork. Both use "
            "one socket, so each may read the other's replies.",
            "Create the client after the fork, and use no borrowed connection, PubSub or pipeline of the parent in "
            "the child.",
            "notebooks/13_processes_and_fleets.ipynb#A-connection-that-was-borrowed-before-the-fork",
        )


def two_loops(program: ProgramEvidence) -> Iterator[Finding]:
    """A connection was used in an event loop that had not opened it."""
    if events := program.of_kind("two-loops"):
        yield _finding(
            "two-loops",
            92,
            events,
            "an asyncio connection was used in another event loop than the one that opened it. That ends in errors "
            "such as `Event loop is closed`.",
            "Create a client inside each event loop, and await its aclose() before the loop ends.",
            "notebooks/12_asyncio.ipynb#One-client-in-several-event-loops",
        )


def _commands(events: dict[SourceLine, Event]) -> list[str]:
    return sorted({command for event in events.values() for command in event.commands})


def _count(events: dict[SourceLine, Event], commands: list[str]) -> int:
    return sum(event.commands[command] for event in events.values() for command in commands)


def _finding(kind: str, weight: int, events: dict[SourceLine, Event], said: str, fix: str, lesson: str) -> Finding:
    count = sum(event.count for event in events.values())
    lines = worst_first({place: event.count for place, event in events.items()})
    return Finding(kind, weight, count, lines, f"{times(count).capitalize()}, {said}", fix, lesson)


RULES: tuple[Rule, ...] = (
    timeout_shorter_than_block,
    retried_timeouts,
    duplicated_write,
    unread_reply,
    stale_reconnects,
    cancelled_borrow,
    used_after_fork,
    two_loops,
)
