"""start_cluster(): a private Redis Cluster of a few nodes."""

from __future__ import annotations

import random
import socket
from contextlib import closing
from pathlib import Path

from tutorial_lib.arguments import whole
from tutorial_lib.errors import ServerStartFailed
from tutorial_lib.servers.certificates import Certificates, lacks_tls
from tutorial_lib.servers.private_lab import LabNode, PrivateLab
from tutorial_lib.servers.private_process import free_port
from tutorial_lib.words import counted

SLOTS = 16_384
MOST_NODES = 9

NODE_TIMEOUT = 5000
"""Milliseconds until the others call a node failed: a busy computer may stop one for a second or two."""

BUS = 10_000
"""How far a node's bus port lies above its port. Redis 7 can have it elsewhere, 6.2 cannot."""

LOWEST, HIGHEST = 15_000, 22_000
"""Where ports are looked for: below those that systems give to clients, and so are the bus ports mostly."""

# What a client asks a cluster for. Whatever changes it stays barred.
VISITORS = ("slots", "shards", "nodes", "info", "myid", "keyslot", "countkeysinslot", "getkeysinslot")


def start_cluster(nodes: int = 3) -> ClusterLab:
    """Start a private Redis Cluster of ``nodes`` masters without replicas, and return the lab.

    ``lab.nodes`` are its servers; name any of them to redis-py: ``redis.RedisCluster(host=node.host, port=node.port)``.
    It takes two seconds, since a new cluster of Redis says no to everybody for so long.

    It is always private, also where REDIS_URL names your own. ServerNotFound where there is no redis-server.
    """
    return ClusterLab(whole("nodes", nodes, "nodes", at_least=1, at_most=MOST_NODES))


class ClusterNode(LabNode):
    """One node of a cluster. With ``certificates`` its bus speaks TLS, on a port above its TLS port."""

    def __init__(self, name: str, program: str, folder: Path, certificates: Certificates | None) -> None:
        self._certificates = certificates
        self.tls_port = 0
        super().__init__(name, program, folder)

    @property
    def base(self) -> int:
        """The port above which its bus port is, which other nodes are told."""
        return self.tls_port or self.port

    def _free_port(self) -> int:
        if not self._certificates:
            return free_port_with_bus()
        self.tls_port = free_port_with_bus()
        return free_port()

    def _command(self, port: int) -> list[str]:
        command = super()._command(port)
        end_of_visitor = command.index("--user", command.index("--user") + 1)
        command[end_of_visitor:end_of_visitor] = [f"+cluster|{question}" for question in VISITORS]
        return [
            *command,
            *(["--tls-cluster", "yes", *self._certificates.options(self.tls_port)] if self._certificates else []),
            *("--cluster-enabled", "yes", "--cluster-config-file", f"{self.name}.conf"),
            *("--cluster-node-timeout", str(NODE_TIMEOUT), "--cluster-announce-ip", self.host),
        ]

    def _why_not(self, last_lines: str) -> str:
        if "bad directive" in last_lines.lower() and "'cluster-" in last_lines:
            return (
                f"{self.program} was built without Redis Cluster, so start_cluster() cannot use it. "
                "Install redis-server 6.2 or newer, or Valkey."
            )
        return super()._why_not(last_lines)


class ClusterLab(PrivateLab):
    """A private Redis Cluster. Each of its ``nodes`` is a Server, and has an equal share of the slots."""

    what = "A Cluster lab"
    start = "start_cluster()"

    def __init__(self, count: int) -> None:
        self._count = count
        self.nodes: list[ClusterNode] = []
        super().__init__()

    @property
    def url(self) -> str:
        """``redis://host:port/0`` of a node that runs, for ``RedisCluster.from_url``."""
        return str(self._running()[0].url)

    def _begin(self) -> None:
        # A bus knows no passwords: with TLS it listens only to nodes that have the lab's own certificate.
        self._certificates: Certificates | None = Certificates(self._folder)
        for number in range(1, self._count + 1):
            node = self._started(f"node-{number}")
            self.nodes.append(node)
            self._all.append(node)
        if self._certificates:
            self._certificates.forget()
        for place, node in enumerate(self.nodes):
            first, end = place * SLOTS // self._count, (place + 1) * SLOTS // self._count
            node._say("CLUSTER SET-CONFIG-EPOCH", place + 1)
            node._say("CLUSTER ADDSLOTS", *range(first, end))
        # Each meets each, which saves them the time in which they would hear of each other.
        for place, node in enumerate(self.nodes):
            for other in self.nodes[place + 1 :]:
                node._say("CLUSTER MEET", other.host, other.base)

    def _started(self, name: str) -> ClusterNode:
        try:
            return ClusterNode(name, self.program, self._folder, self._certificates)
        except ServerStartFailed as error:
            if not self._certificates or not lacks_tls(str(error)):
                raise
        self._certificates.forget()
        self._certificates = None
        return ClusterNode(name, self.program, self._folder, None)

    def _is_ready(self) -> bool:
        return all(self._knows_all(node) for node in self.nodes)

    def _knows_all(self, node: ClusterNode) -> bool:
        info = node._say("CLUSTER INFO")
        if (info["cluster_state"], info["cluster_known_nodes"]) != ("ok", str(self._count)):
            return False
        # With TLS a node learns the plain ports of the others a moment later.
        named = {port for _, _, (_, port, *_), *_ in node._say("CLUSTER SLOTS")}
        return named == {other.port for other in self.nodes}

    def describe(self) -> str:
        return self._described(counted(self._count, "node"))


def free_port_with_bus() -> int:
    """Return a port that nobody listens on, nor on its bus port. Stale as soon as you have it."""
    for _ in range(100):
        port = random.randint(LOWEST, HIGHEST)
        if is_free(port) and is_free(port + BUS):
            break
    return port


def is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
