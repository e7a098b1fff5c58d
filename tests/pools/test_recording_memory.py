"""A recording is bounded: what it forgets is counted, and totals and the longest wait still hold."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.pools.test_recording import pool_of
from tests.waiting import eventually
from tutorial_lib.pools import recording as recording_module
from tutorial_lib.pools.anatomy import waiting_now
from tutorial_lib.pools.recording import record


def test_memory_is_bounded_and_totals_still_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "KEPT", 2_000)
    pool = pool_of(1)
    with record(pool) as recording:
        for _ in range(5_000):
            pool.release(pool.get_connection())
    assert len(recording.leases) + recording.forgotten == recording.borrowed == 5_000
    assert len(recording.leases) <= 2_000
    assert recording.leases[-1].asked == max(lease.asked for lease in recording.leases)


def test_a_forgotten_lease_counts_only_if_it_began_within_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "KEPT", 3)
    pool = pool_of(3)
    with record(pool) as before_it:
        early, to_the_end = pool.get_connection(), pool.get_connection()
        with record(pool) as recording:
            pool.release(early)
            for _ in range(7):
                pool.release(pool.get_connection())
            assert (recording.forgotten, recording.borrowed) == (4, 7)
        pool.release(to_the_end)
    assert (recording.forgotten, recording.borrowed) == (4, 7)
    assert (before_it.forgotten, before_it.borrowed) == (6, 9)


def test_the_longest_wait_is_known_of_a_forgotten_lease_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "KEPT", 3)
    pool = pool_of(1, redis.BlockingConnectionPool, timeout=10)
    with record(pool) as recording:
        first = pool.get_connection()
        with ThreadPoolExecutor() as threads:
            second = threads.submit(pool.get_connection)
            assert eventually(lambda: waiting_now(pool) == 1)
            asked = recording.unserved[0].asked
            waited = recording.duration - asked
            pool.release(first)
            pool.release(second.result())
        for _ in range(5):
            pool.release(pool.get_connection())
    assert len(recording.leases) == 3
    assert recording.longest_wait >= waited


def test_so_is_what_is_kept_of_callers_that_got_no_connection() -> None:
    pool = pool_of(1, redis.BlockingConnectionPool, timeout=0.05)
    with record(pool) as recording:
        recording._heard.got_none = deque(maxlen=10)
        pool.get_connection()
        with pytest.raises(redis.ConnectionError):
            pool.get_connection()
        pool.timeout = 0
        for _ in range(20):
            with pytest.raises(redis.ConnectionError):
                pool.get_connection()
    assert (recording.timed_out, len(recording.unserved)) == (21, 10)
    assert recording.longest_wait >= 0.05  # of the first, who is no longer kept
