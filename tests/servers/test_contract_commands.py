"""What every server of ours does with commands, and with many clients: the fallback and a real Redis alike."""

from __future__ import annotations

import socket
import threading

import pytest
import redis

from tests.servers.both_kinds import PoolOf, blocked_in_blpop, client_of
from tests.waiting import eventually
from tutorial_lib.servers import Server

# -- what the lessons use of Redis itself


def test_blpop_waits_for_another_connection(server: Server, pool_of: PoolOf) -> None:
    waiting = blocked_in_blpop(server, "queue")
    redis.Redis(connection_pool=pool_of(1)).rpush("queue", "job")
    waiting.thread.join(timeout=5)
    assert waiting.outcome == (b"queue", b"job")


def test_only_who_waits_is_blocked(server: Server) -> None:
    with client_of(server, client_name="witness") as r:
        waiting = blocked_in_blpop(server, "queue")
        r.ping()
        assert {client.name: client.blocked for client in server.clients()} == {"waiter": True, "witness": False}
        r.rpush("queue", "job")
        waiting.thread.join(timeout=5)
        assert not any(client.blocked for client in server.clients())


def test_a_blpop_that_was_given_up_takes_nothing(server: Server, pool_of: PoolOf) -> None:
    with client_of(server, socket_timeout=0.1) as impatient, pytest.raises(redis.TimeoutError):
        impatient.blpop(["queue"], timeout=0)
    assert eventually(lambda: server.clients() == [])
    r = redis.Redis(connection_pool=pool_of(1))
    r.rpush("queue", "job")
    assert r.lrange("queue", 0, -1) == [b"job"]


@pytest.mark.parametrize("protocol", [2, 3])
def test_publish_and_subscribe(server: Server, pool_of: PoolOf, protocol: int) -> None:
    pool = pool_of(2, protocol=protocol)
    r = redis.Redis(connection_pool=pool)
    with r.pubsub() as listener:
        listener.subscribe("news")
        assert (listener.get_message(timeout=5) or {})["type"] == "subscribe"
        assert r.publish("news", "hello") == 1
        assert (listener.get_message(timeout=5) or {})["data"] == b"hello"
        listener.unsubscribe("news")
        assert (listener.get_message(timeout=5) or {})["type"] == "unsubscribe"


def test_a_pipeline_goes_as_one(server: Server, pool_of: PoolOf) -> None:
    with redis.Redis(connection_pool=pool_of(1)).pipeline(transaction=True) as pipeline:
        pipeline.set("a", 1).incr("a").get("a")
        assert pipeline.execute() == [True, 2, b"2"]


def test_a_long_pipeline_whose_replies_nobody_reads_yet(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1))
    r.set("page", "x" * 20_000)
    with r.pipeline(transaction=False) as pipeline:
        for _ in range(500):
            pipeline.get("page").set("other", "y" * 20_000)
        assert [len(page) for page in pipeline.execute()[::2]] == [20_000] * 500


def test_watch_notices_a_change(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(2))
    with r.pipeline() as pipeline:
        pipeline.watch("count")
        r.set("count", 5)
        pipeline.multi()
        pipeline.set("count", 1)
        with pytest.raises(redis.WatchError):
            pipeline.execute()
    assert r.get("count") == b"5"


def test_a_value_of_eight_megabytes(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1))
    for value in (bytes(range(256)) * 32_768, b"z" * 8_388_608):
        r.set("big", value)
        assert r.get("big") == value
    assert server.opened() == 1


def test_an_error_reply_leaves_the_connection_open(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1))
    r.set("text", "hello")
    for wrong in (
        ["LPUSH", "text", "x"],
        ["NOSUCH"],
        ["CLIENT", "MAINT_NOTIFICATIONS", "ON"],
        ["GET"],
        ["INCR", "text"],
    ):
        with pytest.raises(redis.ResponseError):
            r.execute_command(*wrong)
    assert r.get("text") == b"hello"
    assert server.opened() == 1


@pytest.mark.parametrize(
    "command",
    [
        "CONFIG SET dir /tmp",
        "CONFIG SET aclfile /tmp/x",
        "ACL SAVE",
        "ACL SETUSER me on",
        "SAVE",
        "BGSAVE",
        "LASTSAVE",
        "FLUSHALL",
        "SWAPDB 0 1",
        "SORT list",
        "EVAL return(1) 0",
        "EVALSHA 0123 0",
        "SCRIPT LOAD return(1)",
        "FUNCTION LIST",
        "FCALL f 0",
        "RESTORE k 0 x",
    ],
)
def test_a_visitor_may_not(server: Server, pool_of: PoolOf, command: str) -> None:
    r = redis.Redis(connection_pool=pool_of(1))
    with pytest.raises(redis.exceptions.NoPermissionError):
        r.execute_command(*command.split())
    assert r.ping()


# -- memory: any user of this computer may write to a server of ours

MEGABYTE = 1024 * 1024


def test_a_server_that_is_full_refuses_to_write(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1))
    for key in ("one", "two"):
        r.setrange(key, 120 * MEGABYTE, "x")
    with pytest.raises(redis.exceptions.OutOfMemoryError, match="when used memory > 'maxmemory'"):  # noqa: PT012
        for key in ("three", "four"):  # A real Redis looks at what is there, and lets in the one that fills it.
            r.setrange(key, 120 * MEGABYTE, "x")
    assert r.get("nothing") is None
    r.delete("one", "two", "three")
    assert r.set("greeting", "hello")


def test_values_that_are_written_again_do_not_add_up(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1))
    value = b"x" * 8 * MEGABYTE
    for _ in range(40):
        r.set("page", value)


def test_numbers_in_a_value_are_not_taken_for_offsets(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1))
    assert r.setrange("text", 0, "99999999999") == 11
    assert r.execute_command("BITFIELD", "bits", "SET", "u32", 0, 4_000_000_000) == [0]
    assert r.execute_command("BITFIELD", "bits", "SET", "u8", "#3", 255) == [0]


@pytest.mark.parametrize("command", ["JSON.SET k $ 1", "BF.RESERVE k 0.01 1000000000", "CMS.INITBYDIM k 100000000 10"])
def test_a_command_of_a_module_is_not_known(server: Server, pool_of: PoolOf, command: str) -> None:
    with pytest.raises(redis.ResponseError, match="unknown command"):
        redis.Redis(connection_pool=pool_of(1)).execute_command(*command.split())


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\r\n\r\n", b"*x\r\n", b"*1\r\n:5\r\n", b"\xff" * 5000 + b"\r\n"])
def test_garbage_harms_only_its_own_connection(server: Server, pool_of: PoolOf, garbage: bytes) -> None:
    r = redis.Redis(connection_pool=pool_of(1))
    assert r.ping()
    with socket.create_connection((server.host, server.port), timeout=5) as raw:
        raw.sendall(garbage)
        assert raw.recv(1000).startswith((b"-ERR", b""))
    assert r.ping()
    assert eventually(lambda: len(server.clients()) == 1)
    assert server.opened() == 2


# -- many at once


def test_fifty_threads_connect_at_once(server: Server) -> None:
    together = threading.Barrier(50)
    answers: list[bool] = []

    def visit() -> None:
        with client_of(server) as r:
            together.wait(timeout=20)
            answers.append(bool(r.ping()))
            together.wait(timeout=20)

    threads = [threading.Thread(target=visit, daemon=True) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert answers == [True] * 50
    assert server.opened() == 50


def test_twelve_hundred_clients_come_and_go(server: Server) -> None:
    def visit() -> None:
        for _ in range(60):
            with client_of(server, protocol=2, driver_info=None) as r:
                r.get("visits")

    threads = [threading.Thread(target=visit, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert server.opened() == 1200
    assert server.commands() == {"GET": 1200}
    assert eventually(lambda: server.clients() == [])
