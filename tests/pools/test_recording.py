"""A recording says who borrowed, who waited, who got no connection and who still holds one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from tests.fake_connections import BrokenConnection, FakeConnection
from tests.waiting import eventually
from tutorial_lib.pools.anatomy import waiting_now
from tutorial_lib.pools.lease import Moment
from tutorial_lib.pools.recording import record
from tutorial_lib.servers.fake import FakeServer

BOTH = pytest.mark.parametrize("kind", [redis.ConnectionPool, redis.BlockingConnectionPool])


def pool_of(limit: int, kind: type[redis.ConnectionPool] = redis.ConnectionPool, **settings: Any) -> Any:
    return kind(connection_class=FakeConnection, max_connections=limit, **settings)


def in_thread(work: Callable[[], object], name: str = "helper") -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


# -- leases


@BOTH
def test_a_lease_says_who_from_which_line_and_that_it_came_back(kind: type[redis.ConnectionPool]) -> None:
    pool = pool_of(2, kind)
    with record(pool) as recording:

        def checkout() -> None:
            pool.release(pool.get_connection())

        in_thread(checkout, name="shopper").join()
    (lease,) = recording.leases
    assert (lease.who, lease.outcome, lease.connection) == ("shopper", "returned", 1)
    assert lease.line.file == "test_recording.py"
    assert lease.line.text == "pool.release(pool.get_connection())"
    assert lease.where == f"test_recording.py, line {lease.line.number}, in checkout()"
    assert 0 <= lease.asked <= lease.got <= lease.ended <= recording.duration
    assert repr(lease) == 'Lease(shopper, returned, "pool.release(pool.get_connection())" in checkout())'


def test_the_line_is_the_learners_not_redis_pys() -> None:
    with FakeServer() as server, redis.Redis(port=server.port) as client, record(client.connection_pool) as recording:
        client.set("greeting", "hello")
        client.execute_command("GET", "greeting")
        client.transaction(lambda pipe: pipe.get("greeting"), "greeting")
        with client.pipeline() as pipe:
            pipe.get("greeting").execute()
    asked_by = [lease.line.text for lease in recording.leases]
    assert asked_by == [
        'client.set("greeting", "hello")',
        'client.execute_command("GET", "greeting")',
        'client.transaction(lambda pipe: pipe.get("greeting"), "greeting")',
        'pipe.get("greeting").execute()',
    ]


def test_a_thread_that_runs_redis_py_directly_has_no_line_to_blame() -> None:
    pool = pool_of(1)
    with record(pool) as recording:
        in_thread(pool.get_connection).join()
    (lease,) = recording.still_held()
    assert lease.where == "an unknown line of helper"
    assert repr(lease) == "Lease(helper, still held, an unknown line)"


def test_what_is_not_back_at_the_end_is_marked_with_the_line_that_borrowed_it() -> None:
    pool = pool_of(3)
    with record(pool) as recording:
        pool.release(pool.get_connection())
        leaked = pool.get_connection()
    (lease,) = recording.still_held()
    assert lease.outcome == "still held"
    assert lease.line.text == "leaked = pool.get_connection()"
    assert lease.ended == pytest.approx(recording.duration)

    pool.release(leaked)  # Too late: the recording tells how it was at its end.
    assert [lease.outcome for lease in recording.leases] == ["returned", "still held"]


def test_it_can_be_read_while_it_runs() -> None:
    pool = pool_of(2)
    with record(pool) as recording:
        connection = pool.get_connection()
        assert [lease.outcome for lease in recording.leases] == ["still held"]
        pool.release(connection)
        assert recording.still_held() == []
        assert repr(recording) == "Recording(leases=1, refused=0, timed_out=0, peak=1, still_held=0)"


def test_another_thread_may_bring_a_connection_back() -> None:
    pool = pool_of(1)
    with record(pool) as recording:
        connection = pool.get_connection()
        in_thread(lambda: pool.release(connection)).join()
    (lease,) = recording.leases
    assert (lease.who, lease.outcome) == (threading.current_thread().name, "returned")


def test_connections_are_numbered_in_the_order_in_which_they_were_borrowed() -> None:
    pool = pool_of(3)
    with record(pool) as recording:
        first, second = pool.get_connection(), pool.get_connection()
        pool.release(first)
        pool.release(second)
        pool.get_connection()  # Last in, first out.
    assert [lease.connection for lease in recording.leases] == [1, 2, 2]


# -- callers who get nothing


def test_a_full_pool_refuses_at_once_and_nobody_waits() -> None:
    pool = pool_of(1)
    with record(pool) as recording:
        pool.get_connection()
        for _ in range(3):
            with pytest.raises(redis.exceptions.MaxConnectionsError):
                pool.get_connection()
    assert (recording.refused, recording.timed_out, recording.failed) == (3, 0, 0)
    assert [lease.outcome for lease in recording.unserved] == ["refused"] * 3
    assert {lease.connection for lease in recording.unserved} == {None}
    assert recording.errors == {"MaxConnectionsError": 3}
    assert {lease.error for lease in recording.unserved} == {"MaxConnectionsError"}
    assert recording.longest_wait == 0
    assert recording.borrowed == 1


def test_a_blocking_pool_lets_callers_wait_and_then_time_out() -> None:
    pool = pool_of(1, redis.BlockingConnectionPool, timeout=0.05)
    with record(pool) as recording:
        pool.get_connection()
        with pytest.raises(redis.ConnectionError, match="No connection available"):
            pool.get_connection()
    assert (recording.refused, recording.timed_out) == (0, 1)
    (lease,) = recording.unserved
    assert lease.outcome == "timed out"
    assert recording.longest_wait == lease.waited >= 0.05


def test_who_waits_is_counted_and_served_in_the_end() -> None:
    pool = pool_of(1, redis.BlockingConnectionPool, timeout=5)
    with record(pool) as recording:
        connection = pool.get_connection()
        waiting = in_thread(lambda: pool.release(pool.get_connection()))
        assert eventually(lambda: [lease.outcome for lease in recording.unserved] == ["still waiting"])
        pool.release(connection)
        waiting.join()
    assert recording.unserved == []
    first, second = recording.leases
    assert first.waited == 0
    assert second.waited > 0
    assert recording.longest_wait == second.waited
    assert [(moment.in_use, moment.waiting) for moment in recording.timeline()] == [
        *((0, 0), (1, 0), (1, 1)),  # one has it, the other asks
        *((0, 1), (1, 0), (0, 0)),  # returned, borrowed again, returned
    ]


def test_who_still_waits_at_the_end_is_said() -> None:
    pool = pool_of(1, redis.BlockingConnectionPool, timeout=5)
    connection = pool.get_connection()
    with record(pool) as recording:
        waiting = in_thread(lambda: pool.release(pool.get_connection()), name="patient")
        assert eventually(lambda: recording.unserved)
    pool.release(connection)
    waiting.join()
    assert [(lease.who, lease.outcome) for lease in recording.unserved] == [("patient", "still waiting")]
    assert recording.leases == []


@BOTH
def test_a_server_that_is_down_is_a_failure_not_a_lease(kind: type[redis.ConnectionPool]) -> None:
    pool = kind(connection_class=BrokenConnection, max_connections=2)
    with record(pool) as recording, pytest.raises(redis.ConnectionError, match="nobody listens"):
        pool.get_connection()
    assert (recording.failed, recording.borrowed, recording.still_held()) == (1, 0, [])
    assert recording.returned_twice() == []  # The pool's own clearing up is no caller's mistake.


def test_a_bad_argument_that_eats_the_pool_is_seen_as_failures_then_refusals() -> None:
    pool = redis.ConnectionPool(bogus=1, max_connections=2)
    with record(pool) as recording:
        for expected in (TypeError, TypeError, redis.exceptions.MaxConnectionsError):
            with pytest.raises(expected):
                pool.get_connection()
    assert (recording.failed, recording.refused) == (2, 1)
    assert recording.errors == {"TypeError": 2, "MaxConnectionsError": 1}


# -- odd returns


def test_a_second_release_is_told_with_its_line() -> None:
    pool = pool_of(2)
    with record(pool) as recording:
        connection = pool.get_connection()
        pool.release(connection)
        pool.release(connection)  # once too often
    (stray,) = recording.returned_twice()
    assert stray.line.text == "pool.release(connection)  # once too often"
    assert len(recording.leases) == 1


def test_a_blocking_pool_lends_what_was_returned_twice_to_two_callers() -> None:
    pool = pool_of(2, redis.BlockingConnectionPool)
    with record(pool) as recording:
        pool.get_connection()
        connection = pool.get_connection()
        pool.release(connection)
        pool.release(connection)
        assert pool.get_connection() is pool.get_connection() is connection
    assert [lease.outcome for lease in recording.leases] == ["still held", "returned", "borrowed again", "still held"]


def test_a_connection_borrowed_earlier_may_come_back_while_recording() -> None:
    pool = pool_of(2)
    earlier = pool.get_connection()
    with record(pool) as recording:
        pool.release(earlier)
    assert recording.leases == []
    assert recording.returned_twice() == []
    assert [moment.in_use for moment in recording.timeline()] == [1, 0]
    assert recording.peak == 1


@BOTH
def test_a_return_that_nobody_heard_is_known_from_the_next_borrow(kind: type[redis.ConnectionPool]) -> None:
    pool = pool_of(1, kind)
    earlier = pool.get_connection()
    with record(pool) as recording:
        kind.release(pool, earlier)  # as by a thread that was just on its way when the recording began
        pool.release(pool.get_connection())
    assert [moment.in_use for moment in recording.timeline()] == [0, 1, 0]


def test_who_waited_before_the_recording_is_not_blamed_for_a_second_release() -> None:
    pool = pool_of(1, redis.BlockingConnectionPool, timeout=5)
    connection = pool.get_connection()
    waiting = in_thread(lambda: pool.release(pool.get_connection()))
    assert eventually(lambda: waiting_now(pool) == 1)
    with record(pool) as recording:
        pool.release(connection)
        waiting.join()
    assert recording.returned_twice() == []
    assert [moment.in_use for moment in recording.timeline()] == [1, 0]
    assert recording.peak == 1


def test_a_pool_that_is_disconnected_or_reset_meanwhile() -> None:
    pool = pool_of(2)
    with record(pool) as recording:
        connection = pool.get_connection()
        pool.disconnect()
        pool.release(connection)
        forgotten = pool.get_connection()
        pool.reset()
        pool.release(forgotten)
        pool.get_connection()
    assert [lease.outcome for lease in recording.leases] == ["returned", "returned", "still held"]


def test_pubsub_keeps_its_connection_and_a_watching_pipeline_too() -> None:
    with FakeServer() as server, redis.Redis(port=server.port) as client, record(client.connection_pool) as recording:
        listener = client.pubsub()
        listener.subscribe("news")
        watching = client.pipeline()
        watching.watch("stock")
        assert [lease.line.text for lease in recording.still_held()] == [
            'listener.subscribe("news")',
            'watching.watch("stock")',
        ]
        listener.close()
        watching.reset()
        assert recording.still_held() == []


# -- counts


def test_the_peak_and_the_counts_over_time() -> None:
    pool = pool_of(5)
    with record(pool) as recording:
        held = [pool.get_connection() for _ in range(3)]
        for connection in held:
            pool.release(connection)
        pool.get_connection()
    assert recording.peak == 3
    assert [moment.in_use for moment in recording.timeline()] == [0, 1, 2, 3, 2, 1, 0, 1]
    assert recording.timeline()[0] == Moment(at=0.0, in_use=0, waiting=0)


def test_nothing_is_lost_under_32_threads() -> None:
    pool = pool_of(8, redis.BlockingConnectionPool, timeout=10)
    all_ready = threading.Barrier(32)

    def work() -> None:
        all_ready.wait(timeout=10)
        for _ in range(200):
            pool.release(pool.get_connection())

    with record(pool) as recording, ThreadPoolExecutor(32) as threads:
        for future in [threads.submit(work) for _ in range(32)]:
            future.result(timeout=30)
    assert recording.borrowed == len(recording.leases) == 32 * 200
    assert {lease.outcome for lease in recording.leases} == {"returned"}
    assert len({lease.who for lease in recording.leases}) == 32
    assert 1 <= recording.peak <= 8
    assert recording.timeline()[-1].in_use == recording.timeline()[-1].waiting == 0


def test_nothing_is_lost_when_it_ends_in_the_middle_of_the_work() -> None:
    pool = pool_of(4, redis.BlockingConnectionPool, timeout=10)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            pool.release(pool.get_connection())

    threads = [in_thread(work) for _ in range(8)]
    with record(pool) as recording:
        assert eventually(lambda: recording.borrowed > 500)
    first_look = recording.leases
    stop.set()
    for thread in threads:
        thread.join()
    assert recording.leases == first_look
    assert len({(lease.who, lease.asked) for lease in first_look}) == len(first_look)
    assert recording.peak <= 4
