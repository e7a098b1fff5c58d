"""A server behind a proxy of one's own: what is asked and done there is about the proxy's connections only."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import redis

from tests.servers.both_kinds import Start, client_of
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting, NotAllowed
from tutorial_lib.pools.anatomy import connections_of
from tutorial_lib.servers import Server
from tutorial_lib.servers.behind_proxy import ServerBehindProxy


@pytest.fixture
def behind(server: Server) -> Iterator[ServerBehindProxy]:
    with ServerBehindProxy(server) as behind:
        yield behind


@pytest.fixture
def pool(behind: ServerBehindProxy) -> Iterator[redis.ConnectionPool]:
    pool = redis.ConnectionPool(host=behind.host, port=behind.port, max_connections=2)
    yield pool
    pool.disconnect()


def test_clients_are_those_of_the_proxy_by_their_own_addresses(
    behind: ServerBehindProxy, server: Server, pool: redis.ConnectionPool
) -> None:
    with client_of(server, client_name="somebody-else") as other:
        other.ping()
        connection = pool.get_connection()
        assert [client.address for client in behind.clients()] == [one.address for one in connections_of(pool) or []]
        assert {client.name for client in behind.clients()} == {""}
        assert behind.clients()[0].id in {client.id for client in server.clients()}
        assert behind.opened() == 1
        connection.disconnect()
        assert eventually(lambda: behind.clients() == [])


def test_it_says_what_the_server_says_of_itself(behind: ServerBehindProxy, server: Server) -> None:
    assert (behind.kind, behind.version, behind.is_real) == (server.kind, server.version, server.is_real)
    assert behind.port != server.port
    assert server.describe() in repr(behind)
    with client_of(behind) as client:
        client.ping()
    assert behind.commands()["PING"] == server.commands()["PING"] == 1


def test_its_connections_are_closed_from_the_servers_side_and_nobody_elses(
    behind: ServerBehindProxy, server: Server, pool: redis.ConnectionPool
) -> None:
    with client_of(server) as other:
        other.ping()
        number = other.client_id()
        connection = pool.get_connection()
        assert behind.kill_clients() == 1
        connection.send_command("PING")
        with pytest.raises(redis.ConnectionError):
            connection.read_response()
        assert other.client_id() == number


def test_a_pause_holds_back_its_answers_and_nobody_elses(
    behind: ServerBehindProxy, server: Server, pool: redis.ConnectionPool
) -> None:
    connection = pool.get_connection()
    behind.pause(60)
    connection.send_command("PING")
    with client_of(server) as other:
        assert other.ping()
    assert eventually(lambda: server.commands()["PING"] == 2), "the server has been asked"
    assert not connection.can_read(0)

    def ask() -> None:
        with pytest.raises(BadSetting):
            behind.clients()

    asked = threading.Thread(target=ask)
    asked.start()
    assert asked.is_alive(), "who asks waits too"
    behind.proxy.heal()
    assert connection.read_response() == b"PONG"
    behind.close()
    asked.join(5)
    assert not asked.is_alive()


def test_a_pause_ends_by_itself(behind: ServerBehindProxy, pool: redis.ConnectionPool) -> None:
    client = redis.Redis(connection_pool=pool)
    client.ping()
    behind.pause(0.05)
    assert client.ping()
    assert len(behind.clients()) == 1


def test_what_would_be_felt_by_others_is_not_allowed(behind: ServerBehindProxy) -> None:
    with pytest.raises(NotAllowed, match="set_limit would count for everybody"):
        behind.set_limit(3)
    with pytest.raises(NotAllowed, match="set_idle_timeout would count for everybody"):
        behind.set_idle_timeout(3)
    with pytest.raises(NotAllowed, match="Leave the name out"):
        behind.kill_clients("somebody else")


def test_closed_it_says_so_and_leaves_the_server_open(behind: ServerBehindProxy, server: Server) -> None:
    behind.close()
    behind.close()
    for ask in (behind.clients, behind.opened, behind.kill_clients, lambda: behind.pause(1)):
        with pytest.raises(BadSetting, match="This proxy is closed"):
            ask()
    assert "(closed)" in repr(behind)
    with client_of(server) as client:
        assert client.ping()


def test_when_the_server_is_closed_it_says_what_the_server_says(start: Start) -> None:
    server = start()
    with ServerBehindProxy(server) as behind:
        server.close()
        with pytest.raises(BadSetting, match="This server is closed"):
            behind.clients()
