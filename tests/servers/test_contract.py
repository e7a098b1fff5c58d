"""What every server of ours promises: each promise is kept by the fallback and by a real Redis alike."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.waiting import eventually
from tutorial_lib.errors import BadSetting
from tutorial_lib.servers import Server

Start = Callable[[], Server]


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.redis_server)])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    with ExitStack() as started:

        def start() -> Server:
            if request.param == "fake":
                from tutorial_lib.servers.fake import FakeServer

                return started.enter_context(FakeServer())
            from tutorial_lib.servers.redis_process import RedisProcess

            return started.enter_context(RedisProcess())

        yield start


@pytest.fixture
def server(start: Start) -> Server:
    return start()


@pytest.fixture
def pool_of(server: Server) -> Iterator[Callable[..., redis.ConnectionPool]]:
    """Build pools on the server, and close them at the end."""
    with ExitStack() as pools:

        def pool_of(limit: int, **arguments: Any) -> redis.ConnectionPool:
            pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=limit, **arguments)
            pools.callback(pool.disconnect)
            return pool

        yield pool_of


PoolOf = Callable[..., redis.ConnectionPool]


def client_of(server: Server, **arguments: Any) -> redis.Redis:
    """A client that tries once and says what went wrong."""
    return redis.Redis(host=server.host, port=server.port, retry=Retry(NoBackoff(), 0), **arguments)


def own_addresses(pool: redis.ConnectionPool) -> set[str]:
    """The pool's own ends of its sockets."""
    ends = [connection._sock.getsockname() for connection in pool._available_connections if connection._sock]
    return {f"{host}:{port}" for host, port in ends}


# -- the handle, and the programs of the course


def test_it_says_what_it_is(server: Server) -> None:
    assert server.host == "127.0.0.1"
    assert server.url == f"redis://127.0.0.1:{server.port}/0"
    assert server.owned
    assert server.is_real == (server.kind == "redis")
    assert server.version.startswith(("7.", "8.", "6."))
    assert str(server.port) in server.describe()
    assert "\n" not in server.describe()
    assert repr(server) == server.describe()


def test_the_greeting_program(server: Server) -> None:
    pool = redis.ConnectionPool(host=server.host, port=server.port, db=0, max_connections=3)
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    assert r.get("greeting").decode("utf-8") == "hello"
    assert server.opened() == 1
    pool.disconnect()
    assert eventually(lambda: server.clients() == [])


def test_the_url_leads_to_it(server: Server) -> None:
    with redis.Redis.from_url(server.url) as r:
        assert r.ping()


def test_a_with_block_closes_it(start: Start) -> None:
    with start() as server, client_of(server) as r:
        r.ping()
    with pytest.raises(redis.ConnectionError), client_of(server) as r:
        r.ping()


def test_closing_twice_and_asking_afterwards(server: Server) -> None:
    server.close()
    server.close()
    assert "(closed)" in repr(server)
    questions: list[Callable[[], object]] = [
        server.clients,
        server.opened,
        server.commands,
        server.kill_clients,
        lambda: server.set_limit(5),
        lambda: server.set_idle_timeout(5),
        lambda: server.pause(1),
    ]
    for question in questions:
        with pytest.raises(BadSetting, match=r"closed. Run start_server\(\) again"):
            question()


def test_two_servers_are_two(start: Start) -> None:
    first, second = start(), start()
    with client_of(first, client_name="one") as r:
        r.set("greeting", "hello")
    with client_of(second) as r:
        assert r.get("greeting") is None
        first.close()
        assert r.ping()
    assert second.opened() == 1


# -- counting


def test_a_pool_opens_nothing_until_it_is_used(server: Server, pool_of: PoolOf) -> None:
    pool = pool_of(3)
    assert server.opened() == 0
    for _ in range(10):
        redis.Redis(connection_pool=pool).ping()
    assert server.opened() == 1


def test_each_fresh_client_is_counted(server: Server) -> None:
    for _ in range(100):
        with client_of(server) as r:
            r.ping()
    assert server.opened() == 100


def test_our_own_questions_are_not_counted(server: Server) -> None:
    for _ in range(5):
        assert server.clients() == []
        assert server.opened() == 0
        assert server.commands() == Counter()
    server.set_limit(100)
    server.set_idle_timeout(100)
    assert server.kill_clients() == 0
    assert server.opened() == 0
    assert server.commands() == Counter()


def test_the_commands_of_a_greeting(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(3))
    r.set("greeting", "hello")
    r.get("greeting")
    said = server.commands()
    assert said.pop("CLIENT SETINFO", 0) == (0 if server.version.startswith(("6.", "7.0.")) else 2)  # New in 7.2.
    assert said == {"HELLO": 1, "SET": 1, "GET": 1}


def test_commands_add_up_over_connections(server: Server) -> None:
    for _ in range(4):
        with client_of(server, protocol=2, driver_info=None, client_name="web") as r:
            r.get("greeting")
    assert server.commands() == {"CLIENT SETNAME": 4, "GET": 4}


def test_clients_are_the_pools_own_sockets(server: Server, pool_of: PoolOf) -> None:
    pool = pool_of(5, db=1, client_name="web")
    borrowed = [pool.get_connection() for _ in range(3)]
    for connection in borrowed:
        pool.release(connection)
    clients = server.clients()
    assert {client.address for client in clients} == own_addresses(pool)
    assert {(client.name, client.db) for client in clients} == {("web", 1)}
    assert len({client.id for client in clients}) == 3
    assert all(0 <= client.idle < 5 for client in clients)


def test_a_client_that_left_is_not_listed(server: Server, pool_of: PoolOf) -> None:
    pool = pool_of(5)
    redis.Redis(connection_pool=pool).ping()
    pool.disconnect()
    assert eventually(lambda: server.clients() == [])


def test_its_own_client_list_tells_the_same(server: Server, pool_of: PoolOf) -> None:
    pool = pool_of(1, db=2, client_name="web")
    mine = redis.Redis(connection_pool=pool)

    def told() -> set[tuple[str, str, str]]:
        return {(row["addr"], row["name"], row["db"]) for row in mine.client_list() if row["user"] == "default"}

    assert eventually(lambda: told() == {(own, "web", "2") for own in own_addresses(pool)})


# -- the limit


def test_the_client_beyond_the_limit_is_refused(server: Server, pool_of: PoolOf) -> None:
    server.set_limit(3)
    pool = pool_of(5)
    borrowed = [pool.get_connection() for _ in range(3)]
    for _ in range(20):
        with pytest.raises(redis.ConnectionError, match="max number of clients reached"), client_of(server) as r:
            r.ping()
    assert server.opened() == 3
    assert len(server.clients()) == 3
    for connection in borrowed:
        connection.send_command("PING")
        assert connection.read_response() == b"PONG"
        pool.release(connection)


def test_a_raised_limit_lets_the_next_one_in(server: Server, pool_of: PoolOf) -> None:
    server.set_limit(1)
    redis.Redis(connection_pool=pool_of(1)).ping()
    with pytest.raises(redis.ConnectionError, match="max number of clients reached"), client_of(server) as r:
        r.ping()
    server.set_limit(2)
    with client_of(server) as r:
        assert r.ping()


def test_a_lowered_limit_leaves_those_who_are_in(server: Server, pool_of: PoolOf) -> None:
    pool = pool_of(3)
    borrowed = [pool.get_connection() for _ in range(3)]
    server.set_limit(1)
    for connection in borrowed:
        connection.send_command("PING")
        assert connection.read_response() == b"PONG"
        pool.release(connection)
    assert len(server.clients()) == 3


def test_one_who_leaves_makes_room(server: Server) -> None:
    server.set_limit(1)

    def let_in() -> bool:
        try:
            with client_of(server) as r:
                return bool(r.ping())
        except redis.ConnectionError:
            return False

    assert let_in()
    assert eventually(let_in)


def test_a_refusal_is_redis_own_words(server: Server, pool_of: PoolOf) -> None:
    server.set_limit(1)
    redis.Redis(connection_pool=pool_of(1)).ping()
    with socket.create_connection((server.host, server.port), timeout=5) as refused:
        assert refused.makefile("rb").read() == b"-ERR max number of clients reached\r\n"


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "5", True, None, 10_001])
def test_a_wrong_limit_is_a_sentence(server: Server, wrong: Any) -> None:
    with pytest.raises(BadSetting, match=r"The limit is .* Give a whole number from 1 to 10000"):
        server.set_limit(wrong)


# -- cutting


def test_those_of_one_name_are_cut(server: Server, pool_of: PoolOf) -> None:
    web, worker = pool_of(2, client_name="web"), pool_of(2, client_name="worker")
    for pool in (web, worker):
        for connection in [pool.get_connection(), pool.get_connection()]:
            pool.release(connection)
    assert server.kill_clients("web") == 2
    assert {client.name for client in server.clients()} == {"worker"}
    assert redis.Redis(connection_pool=worker).ping()
    assert server.opened() == 4
    assert server.kill_clients("nobody") == 0


def test_without_a_name_all_are_cut_and_a_retry_recovers(server: Server, pool_of: PoolOf) -> None:
    brave = redis.Redis(connection_pool=pool_of(1, retry=Retry(NoBackoff(), 1)))
    assert brave.ping()
    with client_of(server, single_connection_client=True) as timid:
        assert timid.ping()
        assert server.kill_clients() == 2
        with pytest.raises(redis.ConnectionError):
            timid.ping()
    assert brave.ping()
    assert server.opened() == 3


def test_a_cut_reaches_the_socket(server: Server) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as raw:
        raw.sendall(b"*1\r\n$4\r\nPING\r\n")
        assert raw.recv(100) == b"+PONG\r\n"
        assert server.kill_clients() == 1
        assert raw.recv(100) == b""


def test_one_that_waits_in_blpop_is_cut_too(server: Server, pool_of: PoolOf) -> None:
    waiting = blocked_in_blpop(server, "empty")
    assert server.kill_clients("waiter") == 1
    waiting.thread.join(timeout=5)
    assert isinstance(waiting.outcome, redis.ConnectionError)
    r = redis.Redis(connection_pool=pool_of(1))
    r.rpush("empty", "kept")
    assert r.lrange("empty", 0, -1) == [b"kept"]


def test_client_kill_by_a_client_cuts_the_socket(server: Server, pool_of: PoolOf) -> None:
    killer = redis.Redis(connection_pool=pool_of(1))
    with client_of(server, client_name="victim", single_connection_client=True) as victim:
        assert killer.client_kill_filter(_id=str(victim.client_id())) == 1
        assert not [client for client in server.clients() if client.name == "victim"]
        with pytest.raises(redis.ConnectionError):
            victim.ping()


def test_one_may_kill_itself(server: Server) -> None:
    with client_of(server, single_connection_client=True) as r:
        assert r.client_kill_filter(_id=str(r.client_id()), skipme=False) == 1
        assert eventually(lambda: server.clients() == [])


# -- pausing


def test_a_pause_holds_replies_back_and_ends(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1, socket_timeout=0.1))
    patient = redis.Redis(connection_pool=pool_of(1, socket_timeout=10))
    assert r.ping()
    assert patient.ping()
    server.pause(0.5)
    with pytest.raises(redis.TimeoutError):
        r.ping()
    assert patient.ping()
    assert r.ping()


def test_a_question_waits_until_the_pause_is_over(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1, socket_timeout=0.1))
    assert r.ping()
    server.pause(0.4)
    with pytest.raises(redis.TimeoutError):
        r.ping()
    assert server.opened() == 1
    assert r.ping()


def test_what_was_given_up_during_a_pause_is_not_done_after_it(server: Server, pool_of: PoolOf) -> None:
    r = redis.Redis(connection_pool=pool_of(1, socket_timeout=0.1))
    assert r.incr("count") == 1
    server.pause(0.4)
    with pytest.raises(redis.TimeoutError):
        r.incr("count")
    assert server.opened() == 1  # Waits for the end of the pause.
    assert r.get("count") == b"1"


@pytest.mark.parametrize("wrong", [-1, "1", None, True, float("nan"), 86_401])
def test_a_wrong_pause_is_a_sentence(server: Server, wrong: Any) -> None:
    with pytest.raises(BadSetting, match=r"The pause is .* Give seconds from 0 to 86400"):
        server.pause(wrong)


# -- idle clients


def test_the_idle_are_closed_and_the_busy_are_not(server: Server, pool_of: PoolOf) -> None:
    with client_of(server, client_name="idle") as idle, client_of(server, client_name="busy") as busy:
        listener = busy.pubsub()
        try:
            listener.subscribe("news")
            waiting = blocked_in_blpop(server, "empty")
            assert idle.ping()
            server.set_idle_timeout(1)

            def only_the_busy_are_left() -> bool:
                busy.ping()
                return sorted(client.name for client in server.clients()) == ["busy", "busy", "waiter"]

            assert eventually(only_the_busy_are_left)
            server.set_idle_timeout(0)
            busy.rpush("empty", "found")
            waiting.thread.join(timeout=5)
            assert waiting.outcome == (b"empty", b"found")
        finally:
            listener.close()


@pytest.mark.parametrize("wrong", [-1, 0.5, "1", False, 86_401])
def test_a_wrong_idle_timeout_is_a_sentence(server: Server, wrong: Any) -> None:
    with pytest.raises(BadSetting, match=r"The idle timeout is .* Give a whole number from 0 to 86400"):
        server.set_idle_timeout(wrong)


# -- what the lessons use of Redis itself


class Waiting:
    """A thread that waits in BLPOP, and what came of it."""

    def __init__(self, server: Server, key: str) -> None:
        self.outcome: object = None
        self._server, self._key = server, key
        self.thread = threading.Thread(target=self._wait, daemon=True)
        self.thread.start()

    def _wait(self) -> None:
        try:
            with client_of(self._server, client_name="waiter", socket_timeout=None) as r:
                self.outcome = r.blpop([self._key], timeout=0)
        except redis.RedisError as error:
            self.outcome = error


def blocked_in_blpop(server: Server, key: str) -> Waiting:
    """Start one, and return when its BLPOP is at the server."""
    waiting = Waiting(server, key)
    assert eventually(lambda: any(client.name == "waiter" and client.blocked for client in server.clients()))
    return waiting


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
