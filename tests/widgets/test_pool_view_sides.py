"""The pool's connections beside the server's, as a PoolView shows them."""

from __future__ import annotations

import threading
from typing import Any

import redis
import redis.asyncio

from tests.waiting import eventually
from tests.widgets.test_pool_view import Make, pool_of, slots
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.servers.fake import FakeServer

# -- both sides


def test_each_slot_is_joined_to_the_servers_entry(make: Make, server: FakeServer) -> None:
    pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=3)
    other = redis.Redis(host=server.host, port=server.port)
    other.ping()
    view = make(pool, server)
    connection = pool.get_connection()
    (own_id,) = (
        client.id for client in server.clients() if client.address.endswith(f":{connection._sock.getsockname()[1]}")
    )
    assert eventually(lambda: slots(view, "sides") == ["both"])
    assert slots(view, "client") == [own_id]
    assert view.state["server"]["others"] == 1
    pool.disconnect()
    other.close()


def test_what_the_server_has_closed_stands_out(make: Make, server: FakeServer) -> None:
    pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=3)
    view = make(pool, server)
    pool.release(pool.get_connection())
    assert eventually(lambda: slots(view, "sides") == ["both"])
    server.kill_clients()
    assert eventually(lambda: slots(view, "sides") == ["pool only"])
    assert slots(view) == ["idle"]
    redis.Redis(connection_pool=pool, retry=redis.retry.Retry(redis.backoff.NoBackoff(), 1)).ping()
    assert eventually(lambda: slots(view, "sides") == ["both"])
    pool.disconnect()


def test_what_the_pool_has_forgotten_stands_out(make: Make, server: FakeServer) -> None:
    pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=3)
    view = make(pool, server)
    connection = pool.get_connection()
    assert eventually(lambda: slots(view, "sides") == ["both"])
    pool.reset()
    assert eventually(lambda: [left["client"] for left in view.state["server"]["left"]] != [])
    assert slots(view) == []
    connection.disconnect()
    assert eventually(lambda: view.state["server"]["left"] == [])


def test_a_server_that_is_closed_is_said_and_the_pool_goes_on(make: Make) -> None:
    server = FakeServer()
    server.close()
    pool = pool_of(2)
    view = make(pool, server)
    assert eventually(
        lambda: view.state["server"] == {"answers": False, "says": "This server is closed. Run start_server() again."}
    )
    pool.get_connection()
    assert eventually(lambda: slots(view) == ["in use"])


def test_a_server_that_does_not_answer_does_not_hold_up_the_pools_side(make: Make, server: FakeServer) -> None:
    asked, answer = threading.Event(), threading.Event()

    class Paused(FakeServer):
        def clients(self) -> Any:
            asked.set()
            answer.wait(10)
            return super().clients()

    with Paused() as paused:
        pool = pool_of(2)
        view = make(pool, paused)
        assert asked.wait(5)
        assert view.state["server"]["answers"] is None
        pool.get_connection()
        assert eventually(lambda: slots(view) == ["in use"])
        answer.set()
        assert eventually(lambda: view.state["server"]["answers"])


def test_through_a_proxy_the_two_lists_cannot_be_matched_and_it_says_so(make: Make, server: FakeServer) -> None:
    with FaultProxy(server) as proxy:
        pool = redis.ConnectionPool(host=proxy.host, port=proxy.port, max_connections=3)
        view = make(pool, server)
        pool.get_connection()
        assert eventually(lambda: view.state["server"].get("unmatched") == f"{proxy.host}:{proxy.port}")
        assert slots(view, "sides") == ["unknown"]
        pool.disconnect()
