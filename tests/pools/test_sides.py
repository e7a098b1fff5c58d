from __future__ import annotations

from tutorial_lib.pools.anatomy import PoolConnection
from tutorial_lib.pools.sides import Addresses, ClientList, compare
from tutorial_lib.servers.base import ClientInfo

PEER = "127.0.0.1:6379"


def open_from(port: int, peer: str = PEER) -> PoolConnection:
    return PoolConnection(port, in_use=False, is_open=True, address=f"127.0.0.1:{port}", peer=peer)


def client(port: int) -> ClientInfo:
    return ClientInfo(id=port + 1_000, name="", address=f"127.0.0.1:{port}", db=0, idle=0.0, blocked=False)


def noted(*moments: tuple[float, list[PoolConnection]]) -> Addresses:
    addresses = Addresses()
    for now, connections in moments:
        addresses.note(connections, now)
    return addresses


def test_who_is_in_both_lists() -> None:
    pool = [open_from(1), open_from(2)]
    sides = compare(pool, ClientList(2.0, [client(1), client(2), client(9)], 6379), noted((1.0, pool)))
    assert sides.found_in == {1: "both", 2: "both"}
    assert sides.client_ids == {1: 1_001, 2: 1_002}
    assert sides.unmatched == ""
    assert (sides.server_only, sides.others) == ([], 1)


def test_a_connection_that_only_the_pool_believes_in() -> None:
    pool = [open_from(1), open_from(2)]
    sides = compare(pool, ClientList(2.0, [client(2)], 6379), noted((1.0, pool)))
    assert sides.found_in == {1: "pool only", 2: "both"}


def test_an_answer_older_than_the_connection_says_nothing_about_it() -> None:
    pool = [open_from(1)]
    sides = compare(pool, ClientList(asked=1.0, clients=[], port=6379), noted((2.0, pool)))
    assert sides.found_in == {1: "unknown"}


def test_a_client_that_only_the_server_believes_in() -> None:
    addresses = noted((1.0, [open_from(1)]), (2.0, []))
    assert compare([], ClientList(3.0, [client(1)], 6379), addresses).server_only == [client(1)]
    stale = compare([], ClientList(1.5, [client(1)], 6379), addresses)
    assert (stale.server_only, stale.others) == ([], 1)


def test_through_a_proxy_nothing_is_said() -> None:
    pool = [open_from(1, peer="127.0.0.1:7000")]
    sides = compare(pool, ClientList(2.0, [client(8)], 6379), noted((1.0, pool)))
    assert sides.found_in == {1: "unknown"}
    assert sides.unmatched == "127.0.0.1:7000"


def test_by_unix_socket_nothing_is_said() -> None:
    by_unix_socket = PoolConnection(1, in_use=False, is_open=True, address="", peer="")
    sides = compare([by_unix_socket], ClientList(2.0, [client(8)], 6379), noted((1.0, [by_unix_socket])))
    assert (sides.found_in, sides.unmatched) == ({1: "unknown"}, "hidden")


def test_a_closed_connection_is_in_no_list_and_nobody_is_surprised() -> None:
    closed = PoolConnection(1, in_use=False, is_open=False, address="", peer="")
    assert compare([closed], ClientList(2.0, [], 6379), noted((1.0, [closed]))).found_in == {1: "unknown"}


def test_memory_is_bounded_and_an_address_may_come_again() -> None:
    addresses = Addresses(size=2)
    for port in (1, 2, 3):
        addresses.note([open_from(port)], float(port))
    assert set(addresses.since) == {"127.0.0.1:2", "127.0.0.1:3"}
    addresses.note([open_from(2)], 4.0)
    assert addresses.since["127.0.0.1:2"] == 4.0
    assert "127.0.0.1:2" not in addresses.gone
