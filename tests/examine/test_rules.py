"""The rules, each at its threshold: evidence made by hand, on the side of a program that is well and on the other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tutorial_lib.examination.evidence import Event, Evidence, Kept, PoolEvidence, SourceLine, Times
from tutorial_lib.examination.finding import Finding
from tutorial_lib.examination.program_evidence import put_together
from tutorial_lib.examination.rules import KINDS, clients, commands, findings_of, kept, pools

HERE = SourceLine("app.py", 7, "checkout", "pool.get_connection()")
THERE = SourceLine("app.py", 20, "report", "r.get('total')")
TOP = Path(__file__).parents[2]


def times_of(*seconds: float) -> Times:
    times = Times()
    for each in seconds:
        times.add(each)
    return times


def pool(kind: str = "ConnectionPool", limit: int = 4, made_at: SourceLine = THERE, **seen: Any) -> PoolEvidence:
    settings = {"host": "localhost", "max_connections": limit}
    if kind == "BlockingConnectionPool":
        settings["timeout"] = 2
    known: dict[str, Any] = {"made": 1, "lines": {THERE: times_of(0.001)}, **seen}
    return PoolEvidence(kind, False, made_at, settings, **known)


def found(*there: PoolEvidence, duration: float = 10.0, is_over: bool = False) -> list[Finding]:
    evidence = Evidence(1, 0, "app.py", "8.1.0", duration=duration, pools=list(there))
    findings = findings_of(put_together([evidence], is_over=is_over))
    new = {finding.kind for finding in findings} - KINDS
    assert not new, f"write {new} into KINDS, in tutorial_lib/examination/rules/__init__.py"
    return findings


def kinds(*there: PoolEvidence, **more: Any) -> list[str]:
    return [finding.kind for finding in found(*there, **more)]


def one(age: float, by: str = "hand") -> Kept:
    return Kept(HERE, "MainThread", age, by)


def events(kind: str, count: int, command: str = "") -> dict[str, dict[SourceLine, Event]]:
    return {kind: {HERE: Event(count, "", Counter([command] if command else []))}}


def test_a_pool_with_nothing_to_tell_gives_no_finding() -> None:
    assert kinds(pool()) == []


@pytest.mark.parametrize(
    ("ages", "expected"),
    [([kept.LONG_HOLD], []), ([kept.LONG_HOLD + 0.1], ["leak"]), ([0.1, 0.1], ["leak"])],
    ids=["one, young", "one, old", "two of one line"],
)
def test_a_connection_in_use_is_a_leak_if_it_is_old_or_not_alone(ages: list[float], expected: list[str]) -> None:
    assert kinds(pool(kept=[one(age) for age in ages])) == expected


def test_a_connection_in_use_when_a_block_has_ended_is_a_leak_however_young() -> None:
    assert kinds(pool(kept=[one(0.001)]), is_over=True) == ["leak"]


def test_a_young_one_is_a_leak_where_it_exhausted_its_pool() -> None:
    refused = {"refused": Counter({THERE: 1})}
    assert kinds(pool(kept=[one(0.1)], no_connection=refused)) == ["leak", "exhausted"]


@pytest.mark.parametrize(
    ("by", "expected"), [("pubsub", []), ("pubsub idle", ["pubsub-kept"]), ("pubsub generator", ["generator-kept"])]
)
def test_a_subscription_may_keep_its_connection_and_what_hears_nothing_may_not(by: str, expected: list[str]) -> None:
    assert kinds(pool(kept=[one(60, by)])) == expected


@pytest.mark.parametrize(("age", "expected"), [(kept.LONG_HOLD, []), (kept.LONG_HOLD + 0.1, ["watch-kept"])])
def test_a_watch_that_is_young_may_be_at_work(age: float, expected: list[str]) -> None:
    assert kinds(pool(kept=[one(age, "watch")])) == expected


def test_one_refused_caller_is_enough() -> None:
    assert kinds(pool(no_connection={"refused": Counter({HERE: 1})})) == ["exhausted"]


@pytest.mark.parametrize(
    ("count", "seconds", "expected"),
    [
        (pools.WAITS_WORTH_TELLING, 4 * pools.WAIT_WORTH_TELLING, ["pool-waits"]),
        (pools.WAITS_WORTH_TELLING - 1, 4 * pools.WAIT_WORTH_TELLING, []),
        (100 * pools.WAITS_WORTH_TELLING, pools.WAIT_WORTH_TELLING / 2, []),
        (pools.VERY_LONG_WAITS_WORTH_TELLING, pools.VERY_LONG_WAIT + 0.1, ["pool-waits"]),
        (pools.VERY_LONG_WAITS_WORTH_TELLING - 1, pools.VERY_LONG_WAIT + 0.1, []),
        (pools.VERY_LONG_WAITS_WORTH_TELLING, pools.VERY_LONG_WAIT, []),
    ],
    ids=["often and long", "not often", "not long", "few and very long", "very few", "few and long"],
)
def test_waits_are_told_if_they_are_often_and_long(count: int, seconds: float, expected: list[str]) -> None:
    assert kinds(pool("BlockingConnectionPool", waited=times_of(*[seconds] * count))) == expected


def test_waits_are_told_with_a_percentile_and_the_line_that_had_the_connections() -> None:
    lines = {HERE: times_of(*[0.4] * 30), THERE: times_of(*[0.1] * 40)}
    waits = times_of(*[0.06] * 39, 0.9)
    (finding,) = found(pool("BlockingConnectionPool", lines=lines, waited=waits))
    assert "(95 of 100 waited 64 ms or less)" in finding.message
    assert f"For 75% of the time that connections were in use, it was on line {HERE.line} " in finding.message


def test_one_wait_in_vain_is_enough() -> None:
    waits = {"waited": times_of(2.0), "no_connection": {"timed out": Counter({HERE: 1})}}
    (finding,) = found(pool("BlockingConnectionPool", **waits))
    assert finding.kind == "pool-waits"
    assert "none was returned within the pool's timeout of 2 s" in finding.message


@pytest.mark.parametrize(("borrows", "said"), [(pools.ENOUGH_TO_MEASURE - 1, False), (pools.ENOUGH_TO_MEASURE, True)])
def test_a_limit_is_proposed_where_enough_borrows_were_measured(borrows: int, said: bool) -> None:
    busy = pool(limit=1, lines={THERE: times_of(*[5.0] * borrows)}, no_connection={"refused": Counter({HERE: 1})})
    (finding,) = found(busy)
    assert ("99 of 100 waits" in finding.message) is said


@pytest.mark.parametrize(("made", "expected"), [(clients.MANY - 1, []), (clients.MANY, ["client-per-call"])])
def test_a_few_clients_of_one_line_are_no_trouble(made: int, expected: list[str]) -> None:
    assert kinds(pool(made_at=HERE, made=made, opened=made, threads=1, by_client=True)) == expected


def test_clients_that_were_never_used_are_no_trouble() -> None:
    assert kinds(pool(made_at=HERE, made=50, opened=24, threads=1, by_client=True)) == []


@pytest.mark.parametrize(("threads", "kind"), [(8, "client-per-call"), (9, "pool-per-thread")])
def test_a_pool_is_one_for_each_thread_if_nearly_every_thread_made_one(threads: int, kind: str) -> None:
    assert kinds(pool(made_at=HERE, made=10, opened=10, threads=threads)) == [kind]


def test_two_lines_with_the_same_settings_are_told_and_with_others_not() -> None:
    assert kinds(pool(made_at=HERE), pool(made_at=THERE)) == ["duplicate-pools"]
    other = pool(made_at=THERE)
    other.settings["db"] = 1
    assert kinds(pool(made_at=HERE), other) == []


@pytest.mark.parametrize(
    ("kind", "event", "least"),
    [
        ("used-after-close", "used-after-close", 3),
        ("dropped-unclosed", "dropped-unclosed", 3),
        ("cancelled-borrow", "cancelled", 3),
        ("stale-reconnects", "reconnected", 3),
        ("stale-reconnects", "lost", 1),
        ("unread-reply", "unread-reply", 1),
        ("duplicated-write", "duplicated-write", 1),
        ("used-after-fork", "used-after-fork", 1),
        ("two-loops", "two-loops", 1),
        ("closed-under-others", "closed-under-others", 1),
        ("ignored-argument", "ignored-argument", 1),
        ("url-beats-keyword", "url-beats-keyword", 1),
        ("url-decode-false", "url-decode-false", 1),
        ("timeout-shorter-than-block", "blocked-too-long", 1),
    ],
)
def test_an_event_is_told_from_its_threshold_on(kind: str, event: str, least: int) -> None:
    assert kinds(pool(events=events(event, least, "INCR"))) == [kind]
    if least > 1:
        assert kinds(pool(events=events(event, least - 1, "INCR"))) == []


def test_a_monitor_may_keep_its_connection_as_long_as_there_are_others() -> None:
    assert kinds(pool(kept=[one(60, "monitor")])) == []
    refused = {"refused": Counter({THERE: 1})}
    assert kinds(pool(kept=[one(60, "monitor")], no_connection=refused)) == ["exhausted", "monitor-kept"]


@pytest.mark.parametrize(
    ("again", "expected"),
    [(commands.TRIED_AGAIN_TOO_OFTEN - 1, []), (commands.TRIED_AGAIN_TOO_OFTEN, ["retried-timeouts"])],
)
def test_a_retry_after_a_timeout_is_no_trouble_and_many_are(again: int, expected: list[str]) -> None:
    seen = pool(events={**events("timeout", 2, "SET"), "sent-again": {HERE: Event(again, "", Counter({"SET": again}))}})
    seen.settings |= {"socket_timeout": 0.2, "retries": 3}
    assert kinds(seen) == expected
    if expected:
        assert "The caller waits for all attempts: up to 4 × 0.2 s" in found(seen)[0].message  # noqa: RUF001


def test_a_blocking_command_may_have_a_pool_of_its_own() -> None:
    blocked = events("blocked", 9, "BLPOP")
    assert kinds(pool(limit=1, lines={HERE: times_of(2.0)}, events=blocked)) == []
    assert kinds(pool(limit=1, lines={HERE: times_of(2.0), THERE: times_of(0.1)}, events=blocked)) == [
        "blocking-on-shared"
    ]
    assert kinds(pool(limit=2, lines={HERE: times_of(2.0), THERE: times_of(0.1)}, events=blocked)) == []


def test_every_message_is_made_of_whole_sentences_and_leads_to_a_page_of_the_course() -> None:
    worst = pool(
        kept=[one(60), one(60, "pubsub idle"), one(60, "watch"), one(60, "pubsub generator"), one(60, "exception")],
        no_connection={"refused": Counter({HERE: 3}), "TypeError: unexpected argument": Counter({HERE: 2})},
        events={
            name: {HERE: Event(5, "", Counter(["INCR"]))}
            for name in ("unread-reply", "lost", "reconnected", "cancelled", "two-loops", "closed-under-others")
        },
    )
    told = found(worst)
    assert len(told) >= 8
    for finding in told:
        assert re.fullmatch(r"[A-Z0-9].*[.`]", finding.message), finding.message
        assert re.fullmatch(r"[A-Z].*\.", finding.fix), finding.fix
        assert (TOP / finding.lesson.partition("#")[0]).is_file()
        assert "  " not in finding.message + finding.fix


def test_the_worst_comes_first() -> None:
    both = pool(kept=[one(60)], no_connection={"refused": Counter({THERE: 500})})
    assert [finding.kind for finding in found(both)] == ["leak", "exhausted"]


def test_a_timeout_is_told_with_what_is_sent_again() -> None:
    sent = {**events("blocked-too-long", 2, "BLPOP"), **events("sent-again", 2, "BLPOP")}
    there = pool(events=sent)
    there.settings["socket_timeout"] = 1.0
    (finding,) = found(there)
    assert finding.kind == commands.timeout_shorter_than_block.__name__.replace("_", "-")
    assert "socket_timeout is 1 s" in finding.message
    assert "redis-py sent the command again" in finding.message
