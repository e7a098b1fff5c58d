"""The labs of several servers: they find each other, are told apart, harm nobody, and say what is wrong."""

from __future__ import annotations

import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from tests.servers.both_kinds import client_of
from tests.waiting import eventually
from tutorial_lib import start_cluster, start_sentinel, start_tls
from tutorial_lib.errors import BadSetting, CannotConnect, NoFailover
from tutorial_lib.servers import private_process
from tutorial_lib.servers.cluster_lab import BUS, ClusterLab, ClusterNode
from tutorial_lib.servers.private_lab import LabNode
from tutorial_lib.servers.sentinel_lab import SentinelLab
from tutorial_lib.servers.sentinel_nodes import SENTINEL
from tutorial_lib.servers.tls_server import TlsServer

needs_redis = pytest.mark.redis_server
ONCE = Retry(NoBackoff(), 0)
PROGRAM = Path(private_process.find_program() or "redis-server").name
"""What the labs start here, and say that they are: redis-server or valkey-server."""


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}


def folder_of(lab: SentinelLab | ClusterLab) -> Path:
    return lab._folder


# -- TLS


@pytest.fixture(scope="module")
def tls() -> Iterator[TlsServer]:
    with start_tls() as server:
        yield server


@needs_redis
def test_three_ways_lead_to_one_server(tls: TlsServer) -> None:
    before = tls.opened()
    ways = [
        redis.Redis(host=tls.host, port=tls.port),
        redis.Redis.from_url(tls.tls_url, ssl_ca_data=tls.ca_data),
        redis.Redis(unix_socket_path=tls.unix_socket),
    ]
    for way in ways:
        way.incr("ways")
    assert ways[0].get("ways") == b"3"
    assert tls.opened() - before == 3
    for way in ways:
        way.close()


@needs_redis
def test_a_client_that_was_told_of_no_authority_does_not_trust_it(tls: TlsServer) -> None:
    with (
        redis.Redis(host=tls.host, port=tls.tls_port, ssl=True, retry=ONCE) as client,
        pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.ping()


@needs_redis
def test_its_files_are_gone_and_its_socket_is_ours_alone(tls: TlsServer) -> None:
    assert modes(tls.folder) == {tls.folder.name: 0o700, "redis.sock": 0o700}


@needs_redis
def test_tls_in_one_line(tls: TlsServer) -> None:
    assert repr(tls) == (
        f"A private {PROGRAM} {tls.version} on 127.0.0.1:{tls.port}: real, yours alone, nothing kept on disk; "
        f"TLS on port {tls.tls_port}."
    )


@needs_redis
@pytest.mark.parametrize("command", ["CONFIG SET dir /tmp", "REPLICAOF 127.0.0.1 6379", "SAVE", "ACL LIST"])
def test_with_tls_a_visitor_may_no_more(tls: TlsServer, command: str) -> None:
    with redis.Redis.from_url(tls.tls_url, ssl_ca_data=tls.ca_data) as client, pytest.raises(redis.ResponseError):
        client.execute_command(*command.split())


# -- Sentinel: these leave the lab as it was


@pytest.fixture(scope="module")
def sentinel_lab() -> Iterator[SentinelLab]:
    with start_sentinel() as lab:
        yield lab


@needs_redis
def test_a_sentinel_client_finds_the_master(sentinel_lab: SentinelLab) -> None:
    client = redis.Sentinel(sentinel_lab.addresses)
    assert client.discover_master(sentinel_lab.service) == ("127.0.0.1", sentinel_lab.master.port)
    assert client.discover_slaves(sentinel_lab.service) == [("127.0.0.1", node.port) for node in sentinel_lab.replicas]


@needs_redis
def test_each_nodes_counts_leave_out_what_the_lab_does_itself(sentinel_lab: SentinelLab) -> None:
    before, master = sentinel_lab.opened(), sentinel_lab.master.name
    commands = sentinel_lab.commands()[master]
    with redis.Sentinel(sentinel_lab.addresses[:1]).master_for(sentinel_lab.service, client_name="shop") as shop:
        shop.set("greeting", "hello")
        opened = {name: count - before[name] for name, count in sentinel_lab.opened().items()}
        assert {name for name, count in opened.items() if count} == {master, "sentinel-1"}
        assert opened[master] == 1
        assert [client.name for client in sentinel_lab.clients()[master]] == ["shop"]
        new = sentinel_lab.commands()[master] - commands
        assert new["SET"] == 1
        assert not set(new) & {"PING", "INFO", "PUBLISH", "AUTH"}


@needs_redis
@pytest.mark.parametrize(
    "command",
    [
        "PUBLISH __sentinel__:hello forged",
        "SUBSCRIBE __sentinel__:hello",
        "REPLICAOF 127.0.0.1 6379",
        "PSYNC ? -1",
        "CONFIG GET masterauth",
        "CLUSTER MEET 127.0.0.1 6379",
    ],
)
def test_a_visitor_of_a_watched_server_may_not(sentinel_lab: SentinelLab, command: str) -> None:
    with client_of(sentinel_lab.master) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


@needs_redis
def test_a_visitor_of_a_watched_server_may_publish(sentinel_lab: SentinelLab) -> None:
    with client_of(sentinel_lab.master) as client:
        assert client.publish("news", "hello") == 0


@needs_redis
@pytest.mark.parametrize(
    "command",
    [
        "SENTINEL FAILOVER mymaster",
        "SENTINEL SET mymaster notification-script /tmp/x",
        "SENTINEL MONITOR other 127.0.0.1 6379 1",
        "SENTINEL RESET *",
        "SENTINEL REMOVE mymaster",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 6379 0 *",
        "PUBLISH __sentinel__:hello forged",
        "ACL SETUSER me on nopass +@all",
        "SHUTDOWN",
    ],
)
def test_a_visitor_of_a_sentinel_may_not(sentinel_lab: SentinelLab, command: str) -> None:
    host, port = sentinel_lab.addresses[0]
    with redis.Redis(host, port) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


@needs_redis
def test_what_the_sentinels_sign_in_with_touches_no_file(sentinel_lab: SentinelLab) -> None:
    secret = sentinel_lab._secrets.of_sentinels
    with client_of(sentinel_lab.master, username=SENTINEL, password=secret) as client:
        for command in ("CONFIG SET dir /tmp", "SAVE", "BGREWRITEAOF", "MODULE LIST", "GET greeting"):
            with pytest.raises(NoPermissionError):
                client.execute_command(*command.split())


@needs_redis
def test_only_we_may_look_into_its_folder_and_no_command_line_shows_a_secret(sentinel_lab: SentinelLab) -> None:
    assert modes(folder_of(sentinel_lab))[folder_of(sentinel_lab).name] == 0o700
    secrets = [*vars(sentinel_lab._secrets).values(), *(node._secret for node in sentinel_lab._all)]
    lines = " ".join(" ".join(node._command(node.port)) for node in sentinel_lab.nodes)
    assert not [secret for secret in secrets if secret in lines]
    assert not [secret for secret in secrets if secret in repr(sentinel_lab._secrets)]


@needs_redis
def test_a_sentinel_lab_in_one_line(sentinel_lab: SentinelLab) -> None:
    node = sentinel_lab.nodes[0]
    assert repr(sentinel_lab) == (
        f"A Sentinel lab of {PROGRAM} {node.version}, private, on 127.0.0.1: 2 servers, "
        f"master {sentinel_lab.master.name}, 3 sentinels."
    )
    assert repr(node) == f"redis-1: a private {PROGRAM} {node.version} of a lab, on 127.0.0.1:{node.port}."
    sentinel = sentinel_lab.sentinels[0]
    assert repr(sentinel) == f"sentinel-1: a private sentinel {node.version} of a lab, on 127.0.0.1:{sentinel.port}."


@needs_redis
@pytest.mark.parametrize("wrong", ["redis-9", 7, None])
def test_what_is_no_node_of_the_lab(sentinel_lab: SentinelLab, wrong: object) -> None:
    with pytest.raises(BadSetting, match=r"No node of this lab is .* Give one of its nodes, or 'redis-1', 'redis-2'"):
        sentinel_lab.kill(wrong)


@needs_redis
def test_a_sentinels_port_that_is_taken_meanwhile(sentinel_lab: SentinelLab, monkeypatch: pytest.MonkeyPatch) -> None:
    from tutorial_lib.servers import sentinel_lab as module

    free = private_process.free_port
    offered = iter([sentinel_lab.master.port])
    monkeypatch.setattr(module, "free_port", lambda: next(offered, None) or free())
    with start_sentinel(replicas=0, sentinels=2) as second:
        assert sentinel_lab.master.port not in dict(second.addresses).values()
        assert [sentinel.name for sentinel in second.sentinels] == ["sentinel-1", "sentinel-2"]


# -- Sentinel: these use a lab up


@needs_redis
def test_a_failover_and_the_end_of_a_quorum() -> None:
    with start_sentinel() as lab:
        shop = redis.Sentinel(lab.addresses).master_for(lab.service)
        shop.set("stock", 1)
        old = lab.master

        new = lab.failover()

        assert (new, lab.master) == (lab.nodes[1], lab.nodes[1])
        with client_of(new) as client:
            assert client.role()[0] == b"master"
            assert client.get("stock") == b"1"
        lab.kill(old)
        assert old.name not in lab.opened()
        assert repr(lab).endswith("; ended: redis-1.")
        with pytest.raises(CannotConnect, match=r"redis-1 of this lab has ended, because something killed it"):
            old.opened()
        with pytest.raises(BadSetting, match=r"redis-1 has ended already\. Running are 'redis-2', 'sentinel-1'"):
            lab.kill("redis-1")
        with pytest.raises(NoFailover, match=r"No replica is left that could become the master instead of redis-2"):
            lab.failover()
        lab.kill("sentinel-1")
        lab.kill(lab.sentinels[1])
        with pytest.raises(NoFailover, match=r"1 sentinel of 3 still runs, and 2 must agree .* there is no quorum"):
            lab.failover()
        lab.kill("sentinel-3")
        with pytest.raises(NoFailover, match="No sentinel of this lab runs any more"):
            _ = lab.master
        shop.close()
    with pytest.raises(BadSetting, match=r"This lab is closed\. Run start_sentinel\(\) again"):
        lab.failover()
    assert repr(lab) == "A Sentinel lab (closed)."


@needs_redis
def test_the_sentinels_replace_a_master_that_was_killed() -> None:
    with start_sentinel() as lab:
        lab.kill(lab.master)

        assert eventually(lambda: lab.master is lab.nodes[1], within=60)
        assert eventually(lambda: lab.nodes[1]._say("ROLE")[0] in (b"master", "master"), within=60)


@needs_redis
def test_one_sentinel_and_no_replica() -> None:
    with start_sentinel(replicas=0, sentinels=1) as lab, pytest.raises(NoFailover, match="No replica is left"):
        lab.failover()


# -- Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterLab]:
    with start_cluster() as lab:
        yield lab


@needs_redis
def test_a_cluster_client_reaches_every_node(cluster: ClusterLab) -> None:
    before = cluster.commands()
    with redis.RedisCluster.from_url(cluster.url) as client:
        for number in range(100):
            client.set(f"key:{number}", number)
        after = cluster.commands()
        sets = {name: after[name]["SET"] - before[name]["SET"] for name in after}
        assert sum(sets.values()) == 100
        assert all(sets.values())
        assert [len(clients) for clients in cluster.clients().values()] == [1, 1, 1]
        client.disconnect_connection_pools()  # close() of a cluster client leaves its connections open


@needs_redis
def test_a_cluster_in_one_line(cluster: ClusterLab) -> None:
    version = cluster.nodes[0].version
    assert repr(cluster) == f"A Cluster lab of {PROGRAM} {version}, private, on 127.0.0.1: 3 nodes."


@needs_redis
@pytest.mark.parametrize(
    "command",
    ["CLUSTER MEET 127.0.0.1 1", "CLUSTER RESET", "CLUSTER FORGET x", "CLUSTER DELSLOTS 1", "CLUSTER SAVECONFIG"],
)
def test_a_visitor_of_a_cluster_may_not(cluster: ClusterLab, command: str) -> None:
    with client_of(cluster.nodes[0]) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


@needs_redis
def test_a_clusters_bus_does_not_listen_to_strangers(cluster: ClusterLab) -> None:
    node = cluster.nodes[0]
    if not node.tls_port:
        pytest.skip("this redis-server was built without TLS")
    anybody = ssl.create_default_context(cadata=cluster._certificates.ca_data if cluster._certificates else "")
    with socket.create_connection((node.host, node.base + BUS), timeout=5) as plain:
        plain.sendall(b"RCmb" + bytes(3000))
        with suppress(ConnectionResetError):
            assert plain.recv(1) == b""
    with (
        socket.create_connection((node.host, node.base + BUS), timeout=5) as plain,
        anybody.wrap_socket(plain, server_hostname=node.host) as stranger,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
    ):
        stranger.recv(1)


@needs_redis
def test_nothing_of_a_certificate_is_left_on_disk(cluster: ClusterLab) -> None:
    assert not {path.suffix for path in folder_of(cluster).iterdir()} & {".pem", ".key"}


@needs_redis
def test_without_tls_there_is_a_cluster_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def started_without(node: ClusterNode, port: int) -> str | None:
        return "Bad directive: tls-cluster" if node._certificates else LabNode._start(node, port)

    monkeypatch.setattr(ClusterNode, "_start", started_without)
    with start_cluster(nodes=1) as lab:
        assert (lab.nodes[0].tls_port, lab.nodes[0].base) == (0, lab.nodes[0].port)
        assert not (folder_of(lab) / "server.key").exists()
