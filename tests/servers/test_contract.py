"""What every server of ours promises about connections: the fallback and a real Redis keep it alike."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers.both_kinds import PoolOf, Start, blocked_in_blpop, client_of, own_addresses
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting
from tutorial_lib.servers import Server

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
    assert all(0 <= client.age < 5 for client in clients)


def test_a_notebook_shows_clients_as_a_table_and_a_terminal_counts_them(server: Server, pool_of: PoolOf) -> None:
    web, nameless = pool_of(2, client_name="<web>"), pool_of(1)
    borrowed = [web.get_connection(), web.get_connection(), nameless.get_connection()]
    clients = server.clients()
    table = clients._repr_html_()
    assert repr(clients) == "<3 clients: 2 <web>, 1 without a name>"
    assert table.count("<tr>") == 4
    assert "&lt;web&gt;" in table
    assert all(client.address in table for client in clients)
    assert len(borrowed) == 3


def test_no_clients_are_a_table_too(server: Server) -> None:
    assert repr(server.clients()) == "<0 clients>"
    assert "0 clients" in server.clients()._repr_html_()


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
    with pytest.raises(BadSetting, match=r"The limit is .* Give a whole number of clients: 1 to 10,000\."):
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
    with pytest.raises(BadSetting, match=r"The pause is .* Give (0 or a number above it|86400 at most), in seconds\."):
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
    with pytest.raises(BadSetting, match=r"The idle timeout is .* Give a whole number of seconds: 0 to 86,400\."):
        server.set_idle_timeout(wrong)


def test_one_that_stopped_in_the_middle_of_a_request_is_idle(server: Server) -> None:
    server.set_idle_timeout(1)
    with socket.create_connection((server.host, server.port), timeout=10) as raw:
        raw.sendall(b"*2\r\n$3\r\nGET\r\n$1")
        assert raw.recv(100) == b""
