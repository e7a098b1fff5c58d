"""What the fallback holds is bounded, and a learner below the bound never notices."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import fakeredis
import pytest
import redis

from tests.waiting import eventually
from tutorial_lib.servers import fake_memory, fake_redis
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.servers.fake_memory import MemoryLimit, byte_reached

MOST = 1_000_000


@pytest.fixture
def r() -> Iterator[redis.Redis]:
    server = fakeredis.FakeServer()
    server.acl = MemoryLimit(server, MOST)
    with fakeredis.FakeRedis(server=server) as client:
        yield client


def is_full(r: redis.Redis) -> bool:
    try:
        r.set("probe", "x" * 1000)
    except redis.exceptions.OutOfMemoryError:
        return True
    return False


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "key:{}", "x" * 10_000),
        ("APPEND", "text", "x" * 10_000),
        ("SETRANGE", "key:{}", 100_000, "x"),
        ("SETBIT", "key:{}", 800_000, 1),
        ("RPUSH", "list", "x" * 10_000),
        ("SADD", "set", "{}" + "x" * 10_000),
        ("ZADD", "zset", 1, "{}" + "x" * 10_000),
        ("HSET", "hash", "{}", "x" * 10_000),
        ("XADD", "stream", "*", "field", "x" * 10_000),
        ("SADD", "small", "{}"),
        ("SETRANGE", "one", 400_000, "{}"),
    ],
    ids=lambda command: " ".join(map(str, command))[:20],
)
def test_it_fills_and_says_so_and_deleting_makes_room(r: redis.Redis, command: tuple[object, ...]) -> None:
    for number in range(20_000):
        try:
            r.execute_command(*(str(word).format(number) for word in command))
        except redis.exceptions.OutOfMemoryError:
            break
        if command[1] == "one" and number > 100:  # Written again and again, it does not grow.
            return
    else:
        pytest.fail("it took everything")
    assert number > 5
    assert r.exists("key:0", "text", "list", "set", "zset", "hash", "stream", "small")
    r.flushdb()
    assert not is_full(r)


@pytest.mark.parametrize("copy", ["BITOP NOT copy:{} key", "SUNIONSTORE copy:{} set", "COPY hash copy:{}"])
def test_what_copies_is_counted_before_the_next_write(
    r: redis.Redis, copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r.set("key", "x" * 1000)
    r.sadd("set", "member")
    r.hset("hash", "field", "value")
    counts: list[int] = []
    real = fake_memory.size_of
    monkeypatch.setattr(fake_memory, "size_of", lambda *things: counts.append(real(*things)) or counts[-1])
    r.execute_command(*copy.format(1).split())
    r.set("small", "x")
    assert len(counts) == 1


def test_small_writes_are_not_counted_one_by_one(r: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    monkeypatch.setattr(fake_memory, "size_of", lambda *things: counts.append(1) or 0)
    for _ in range(1000):
        r.set("page", "x" * 5000)
    assert len(counts) <= 6


def test_a_request_that_is_queued_counts_too(r: redis.Redis) -> None:
    with r.pipeline() as pipeline:
        pipeline.setrange("key", 2 * MOST, "x")
        with pytest.raises(redis.ResponseError):
            pipeline.execute()
    assert not r.exists("key")


@pytest.mark.parametrize(
    ("request_", "bytes_"),
    [
        ("SETRANGE key 1000 x", 1000),
        ("SETRANGE key 0 99999999", 0),
        ("setbit key 8000 1", 1000),
        ("BITFIELD key SET u8 8000 4000000000", 1000),
        ("BITFIELD key GET u8 8000", 0),
        ("BITFIELD key OVERFLOW SAT INCRBY u8 #1000 1", 8000),
        ("BITFIELD key SET", 0),
        ("SETRANGE key", 0),
        ("SETRANGE key -5 x", 0),
        ("GET key", 0),
    ],
)
def test_how_far_a_request_reaches(request_: str, bytes_: int) -> None:
    assert byte_reached(request_.encode().split()) == bytes_


# -- what is under way


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setattr(fake_redis, "MOST_MEMORY", 20_000_000)
    with FakeServer() as server:
        yield server


def ends(raw: socket.socket) -> bool:
    """Read on until the server closes the connection. A test's own timeout means that it does not."""
    with contextlib.suppress(ConnectionError):
        while raw.recv(65536):
            pass
    return True


def test_requests_that_never_end_are_bounded_together(small: FakeServer) -> None:
    half = b"*2\r\n$4\r\nECHO\r\n$900000000\r\n" + b"x" * 4_000_000
    with contextlib.ExitStack() as open_sockets:
        sockets = [
            open_sockets.enter_context(socket.create_connection((small.host, small.port), timeout=10)) for _ in range(6)
        ]
        for raw in sockets:
            with contextlib.suppress(ConnectionError):  # The last one may be closed before it has said all.
                raw.sendall(half)
        assert eventually(lambda: len(small.clients()) == 4)
        assert sum(handler.under_way for handler in small._redis.handlers.values()) < 20_000_000
        with redis.Redis(port=small.port) as r:
            assert r.ping()


def test_many_small_arguments_count_too(small: FakeServer) -> None:
    with socket.create_connection((small.host, small.port), timeout=10) as raw:
        with contextlib.suppress(ConnectionError):
            raw.sendall(b"*1000000\r\n$4\r\nMSET\r\n" + (b"$1000\r\n" + b"x" * 1000 + b"\r\n") * 25_000)
        assert ends(raw)


def test_replies_that_are_never_read_are_bounded(small: FakeServer) -> None:
    with redis.Redis(port=small.port) as r:
        r.set("page", b"x" * 2_000_000)
    with socket.create_connection((small.host, small.port), timeout=10) as raw:
        with contextlib.suppress(ConnectionError):
            raw.sendall(b"*2\r\n$3\r\nGET\r\n$4\r\npage\r\n" * 50)
        assert eventually(lambda: small.clients() == [])
        assert ends(raw)


def test_a_long_pipeline_below_the_bound_passes(small: FakeServer) -> None:
    with redis.Redis(port=small.port) as r, r.pipeline(transaction=False) as pipeline:
        r.set("page", b"x" * 2_000_000)
        for _ in range(5):
            pipeline.get("page")
        assert [len(page) for page in pipeline.execute()] == [2_000_000] * 5
