"""Rules about commands: sent twice, not answered, cancelled, or sent where their connection does not belong."""

from __future__ import annotations

from collections.abc import Iterator

from tutorial_lib.examination.evidence import Event, Place
from tutorial_lib.examination.finding import Finding, Rule, times, worst_first
from tutorial_lib.examination.seen import Seen


def timeout_shorter_than_block(seen: Seen) -> Iterator[Finding]:
    """A blocking command ended in a timeout of redis-py's: once is enough, since it will again."""
    for pool in seen.pools:
        if events := pool.evidence.events.get("blocked-too-long"):
            limit = pool.evidence.settings.get("socket_timeout")
            again = _count(pool.evidence.events.get("sent-again", {}), _commands(events))
            sent = f" {times(again).capitalize()} the command was sent again." if again else ""
            yield _finding(
                "timeout-shorter-than-block",
                65,
                events,
                f"a blocking command ({', '.join(_commands(events))}) ended in `Timeout reading from socket`, because "
                f"socket_timeout is {limit} s.{sent}",
                "Give blocking commands a client of their own with socket_timeout=None, or one that is longer than "
                "they wait.",
                "06_commands_that_keep_a_connection",
            )


def duplicated_write(seen: Seen) -> Iterator[Finding]:
    """A command that counts twice when it runs twice was sent again after its reply was lost."""
    if events := seen.of_kind("duplicated-write"):
        yield _finding(
            "duplicated-write",
            88,
            events,
            f"a command that is not idempotent ({', '.join(_commands(events))}) was sent again after its reply had "
            f"not come. "
            "The server may have carried it out twice.",
            "Use retries only for commands that may run twice; for others use a command that may, such as SADD with "
            "a name "
            "for each event, or a pool without retry.",
            "10_when_a_connection_dies",
        )


def unread_reply(seen: Seen) -> Iterator[Finding]:
    """A connection was returned before its reply was read."""
    if events := seen.of_kind("unread-reply"):
        yield _finding(
            "unread-reply",
            98,
            events,
            "a connection was returned before the reply to its last command was read. The next caller may get that "
            "reply "
            "instead of its own.",
            "Read the reply before you release the connection. On an error, call connection.disconnect() first.",
            "05_who_still_holds_a_connection",
        )


def stale_reconnects(seen: Seen) -> Iterator[Finding]:
    """Connections were lost between two commands: each lost command, or three silent reconnections, are told."""
    lost, reopened = seen.of_kind("lost"), seen.of_kind("reconnected")
    if lost or sum(event.count for event in reopened.values()) >= 3:
        events = lost or reopened
        text = next((event.detail for event in lost.values() if event.detail), "")
        failed = (
            f"a command failed because its connection was lost ({text})" if lost else "a connection was opened again"
        )
        yield _finding(
            "stale-reconnects",
            55 if lost else 20,
            events,
            f"{failed}. {times(sum(event.count for event in reopened.values())).capitalize()} a pool had to reconnect: "
            "the server, a firewall or a restart closes connections.",
            "Set health_check_interval below the shortest idle limit on the way to the server, and retry= on the pool.",
            "10_when_a_connection_dies",
        )


def cancelled_borrow(seen: Seen) -> Iterator[Finding]:
    """Commands were cancelled on their way. Three times are a habit: each costs a connection."""
    events = seen.of_kind("cancelled")
    if sum(event.count for event in events.values()) >= 3:
        yield _finding(
            "cancelled-borrow",
            35,
            events,
            "a task was cancelled while it waited for a reply. Its connection has to be closed, and the command may "
            "have run.",
            "Let short commands finish (asyncio.shield), or use socket_timeout instead of cancelling.",
            "",
        )


def used_after_fork(seen: Seen) -> Iterator[Finding]:
    """A child process spoke on a connection that its parent had borrowed."""
    if events := seen.of_kind("used-after-fork"):
        yield _finding(
            "used-after-fork",
            97,
            events,
            "a child process sent a command on a connection that its parent had borrowed before the fork. Both read "
            "the "
            "same replies.",
            "Create the client after the fork, and carry no borrowed connection, pub/sub or pipeline into the child.",
            "",
        )


def two_loops(seen: Seen) -> Iterator[Finding]:
    """A connection was used in an event loop that had not opened it."""
    if events := seen.of_kind("two-loops"):
        yield _finding(
            "two-loops",
            92,
            events,
            "an asyncio connection was used in another event loop than the one that opened it, which ends in errors "
            "such as "
            "`Event loop is closed`.",
            "Create one client for each event loop, inside it, and call its aclose() before the loop ends.",
            "",
        )


def _commands(events: dict[Place, Event]) -> list[str]:
    return sorted({command for event in events.values() for command in event.commands})


def _count(events: dict[Place, Event], commands: list[str]) -> int:
    return sum(event.commands[command] for event in events.values() for command in commands)


def _finding(kind: str, weight: int, events: dict[Place, Event], said: str, fix: str, lesson: str) -> Finding:
    count = sum(event.count for event in events.values())
    lines = worst_first({place: event.count for place, event in events.items()})
    return Finding(kind, weight, count, lines, f"{times(count).capitalize()} {said}", fix, lesson)


RULES: tuple[Rule, ...] = (
    timeout_shorter_than_block,
    duplicated_write,
    unread_reply,
    stale_reconnects,
    cancelled_borrow,
    used_after_fork,
    two_loops,
)
