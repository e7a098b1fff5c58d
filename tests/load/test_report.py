"""What a load says about itself."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import redis
import redis.asyncio

from tests.load.fakes import plain_pool, report_of
from tutorial_lib.load.report import FALLBACK_NOTE, Calls
from tutorial_lib.load.run import run_load
from tutorial_lib.load.workload import Workload
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.servers.fake import FakeServer


def test_the_repr_has_the_facts_and_no_times() -> None:
    report = report_of(0.1, 0.2, refused=2, failed={"TimeoutError": 1}, opened=3)

    assert repr(report) == (
        "LoadReport(done=2, refused=2, failed={'TimeoutError': 1}, peak_in_use=1, limit=4, opened=3)"
    )


def test_the_calls_of_all_users_are_in_the_order_in_which_they_were_due() -> None:
    first, second = np.array([10.0, 12.0]), np.array([11.0, 13.0])

    calls = Calls.of_users(
        [
            (first, first + 1, first + 2, first / 10, first / 100),
            (second, second + 1, second + 2, second / 10, second / 100),
        ],
        start=10.0,
    )

    assert list(calls.due) == [0, 1, 2, 3]
    assert list(calls.begun) == [1, 2, 3, 4]
    assert list(calls.ended) == [2, 3, 4, 5]
    assert list(calls.waiting) == pytest.approx([1.0, 1.1, 1.2, 1.3])
    assert list(calls.service) == pytest.approx([0.10, 0.11, 0.12, 0.13])


def test_the_table_has_the_times() -> None:
    report = report_of(*[0.001] * 99, 0.2, failed={"TimeoutError": 1})

    assert str(report).splitlines() == [
        "load                closed loop, 8 users, 3 calls: PING",
        "done                100 (50.0 a second)",
        "refused             0",
        "failed              1 x TimeoutError",
        "peak in use         1 of 4",
        "",
        "                          mean    median      95 %      99 %     worst",
        "latency                2.99 ms   1.00 ms   1.00 ms   2.99 ms    200 ms",
        "waiting                0.00 ms   0.00 ms   0.00 ms   0.00 ms   0.00 ms",
        "service                2.99 ms   1.00 ms   1.00 ms   2.99 ms    200 ms",
    ]


def test_the_notebook_gets_a_markdown_table_that_shows_commands_as_they_are() -> None:
    shown = report_of(0.1, workload=Workload("KEYS a|b*<i>"))._repr_markdown_()

    assert r"| load | closed loop, 8 users, 1 s: KEYS a\|b\*\<i\> |" in shown
    assert "| latency | 100 ms | 100 ms | 100 ms | 100 ms | 100 ms |" in shown


def test_the_dictionary_is_ready_for_json() -> None:
    due = Workload("PING", rate=2)
    figures = json.loads(json.dumps(report_of(0.1, 0.3, workload=due).to_dict(), allow_nan=False))
    empty = json.loads(json.dumps(report_of().to_dict(), allow_nan=False))

    assert figures["latency"]["mean"] == pytest.approx(0.2)
    assert (figures["done"], figures["throughput"]) == (2, 1.0)
    assert empty["latency"]["p99"] is None
    assert all(name.isidentifier() for name in figures)


def test_the_fallback_is_known_whether_it_is_named_or_not() -> None:
    """Through proxies too: a page that forgets to say where it measures must not pass as a result."""
    with FakeServer() as server, FaultProxy(server) as near, FaultProxy(near) as far:
        for way in (server, near, far):
            pool = redis.ConnectionPool(host="localhost", port=way.port)
            assert run_load(pool, Workload("PING", count=1)).notes() == [FALLBACK_NOTE]
            pool.disconnect()
    assert run_load(plain_pool(), Workload("PING", count=1)).real is None


def test_on_the_fallback_it_says_that_times_are_no_result() -> None:
    report = report_of(0.1, real=False)

    assert FALLBACK_NOTE in str(report)
    assert FALLBACK_NOTE in report._repr_markdown_()
    assert FALLBACK_NOTE in report.to_dict()["notes"]
    assert FALLBACK_NOTE not in str(replace(report, real=True))
