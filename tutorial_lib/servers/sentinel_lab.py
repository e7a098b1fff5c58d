"""start_sentinel(): a private master with replicas, and the sentinels that watch over them."""

from __future__ import annotations

from secrets import token_hex
from time import monotonic, sleep

import redis

from tutorial_lib.arguments import whole
from tutorial_lib.errors import NoFailover, ServerStartFailed
from tutorial_lib.servers.private_lab import POLL, READY_WITHIN, PrivateLab
from tutorial_lib.servers.private_process import PORTS_TO_TRY, free_port
from tutorial_lib.servers.sentinel_nodes import DataNode, Secrets, Sentinel, Watched
from tutorial_lib.words import counted

MOST_REPLICAS = 4
MOST_SENTINELS = 7

FAILOVER_WITHIN = READY_WITHIN
"""Seconds that ``failover()`` waits. It needs one or two, but see READY_WITHIN."""


def start_sentinel(replicas: int = 1, sentinels: int = 3) -> SentinelLab:
    """Start a private master, its ``replicas``, and ``sentinels`` that watch over them, and return the lab.

    ``Sentinel(lab.addresses)`` is redis-py's, and ``lab.service`` is the name to give to ``master_for``.
    ``lab.failover()`` makes a replica the master. ``lab.kill(lab.master)`` leaves that to the sentinels, which takes
    them two or three seconds.

    It is always private, also where REDIS_URL names your own. ServerNotFound where there is no redis-server.
    """
    return SentinelLab(
        whole("replicas", replicas, "replicas", at_least=0, at_most=MOST_REPLICAS),
        whole("sentinels", sentinels, "sentinels", at_least=1, at_most=MOST_SENTINELS),
    )


class SentinelLab(PrivateLab):
    """A private master, its replicas and their sentinels. ``nodes`` are all its Servers, whichever is the master."""

    what = "A Sentinel lab"
    start = "start_sentinel()"
    service = "mymaster"
    """What the sentinels call the master, whichever node it is."""

    def __init__(self, replicas: int, sentinels: int) -> None:
        self._count = sentinels
        self.nodes: list[DataNode] = []
        self.sentinels: list[Sentinel] = []
        self._replicas = replicas
        self._secrets = Secrets()
        super().__init__()

    def _begin(self) -> None:
        for number in range(1, self._replicas + 2):
            node = DataNode(f"redis-{number}", self.program, self._folder, self._secrets)
            self.nodes.append(node)
            self._all.append(node)
        first = self.nodes[0]
        for node in self.nodes[1:]:
            node._say("REPLICAOF", first.host, first.port)
        self._start_sentinels()

    def _start_sentinels(self) -> None:
        """Start them all on ports chosen beforehand, since each is told of the others; again if one is taken."""
        for attempt in range(PORTS_TO_TRY):
            watched = Watched(
                self.service,
                [node.port for node in self.nodes],
                {token_hex(20): free_port() for _ in range(self._count)},
                self._secrets,
            )
            try:
                for number, own_id in enumerate(watched.sentinels, 1):
                    sentinel = Sentinel(f"sentinel-{number}", self.program, self._folder, watched, own_id)
                    self.sentinels.append(sentinel)
                    self._all.append(sentinel)
            except ServerStartFailed as error:
                for sentinel in self.sentinels:
                    sentinel.close()
                    self._all.remove(sentinel)
                self.sentinels.clear()
                if "Failed listening on port" not in str(error) or attempt == PORTS_TO_TRY - 1:
                    raise
            else:
                break

    def _is_ready(self) -> bool:
        replicas_follow = all(node._say("INFO", "replication")["master_link_status"] == "up" for node in self.nodes[1:])
        return replicas_follow and all(
            sentinel.sees_all(replicas=self._replicas, others=self._count - 1) for sentinel in self.sentinels
        )

    # -- what a lesson may ask

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each sentinel, for redis-py's ``Sentinel(lab.addresses)``."""
        return [(sentinel.host, sentinel.port) for sentinel in self.sentinels]

    @property
    def master(self) -> DataNode:
        """The node that is the master now, as the sentinels say."""
        return self._node_at(self._running_sentinels()[0].master_port())

    @property
    def replicas(self) -> list[DataNode]:
        """The nodes that run and are not the master."""
        master = self.master
        return [node for node in self.nodes if node is not master and node.is_running]

    def _node_at(self, port: int) -> DataNode:
        return next(node for node in self.nodes if node.port == port)

    def _running_sentinels(self) -> list[Sentinel]:
        self._require_open()
        running = [sentinel for sentinel in self.sentinels if sentinel.is_running]
        if not running:
            raise NoFailover(
                f"No sentinel of this lab runs any more, so none says which node is the master. {self._anew}"
            )
        return running

    @property
    def _anew(self) -> str:
        return f"Run {self.start} again."

    # -- failover

    def failover(self) -> DataNode:
        """Have the sentinels make a replica the master, and return it when most sentinels name it.

        The old master is not told at once: as with every failover by hand, it takes writes for up to ten seconds
        more, and loses them when it becomes a replica. NoFailover if the sentinels have no quorum or no replica to
        promote.
        """
        sentinels = self._running_sentinels()
        needed = self._count // 2 + 1
        if len(sentinels) < needed:
            raise NoFailover(
                f"{counted(len(sentinels), 'sentinel')} of {self._count} still runs, and {needed} must agree on a new "
                f"master: there is no quorum. {self._anew}"
            )
        old = self.master
        if not self.replicas:
            raise NoFailover(f"No replica is left that could become the master instead of {old.name}. {self._anew}")
        deadline = monotonic() + FAILOVER_WITHIN
        self._ask_for_failover(sentinels[0], deadline)
        while not (new := self._agreed_on(sentinels, needed)) or new is old:
            if monotonic() > deadline:
                raise NoFailover(
                    f"The sentinels did not make another node the master within {FAILOVER_WITHIN:g} s. {self._anew}"
                )
            sleep(POLL)
        return new

    def _ask_for_failover(self, sentinel: Sentinel, deadline: float) -> None:
        while True:
            try:
                sentinel._say("SENTINEL FAILOVER", self.service)
                return
            except redis.ResponseError as error:
                if str(error).startswith("INPROG"):  # They have begun by themselves.
                    return
                if monotonic() > deadline:
                    raise NoFailover(f"The sentinels found no replica to promote: {error}. {self._anew}") from None
            sleep(POLL)

    def _agreed_on(self, sentinels: list[Sentinel], needed: int) -> DataNode | None:
        """Return the master that at least ``needed`` sentinels name, if it says so itself."""
        ports = [sentinel.master_port() for sentinel in sentinels]
        node = self._node_at(max(ports, key=ports.count))
        agreed = ports.count(node.port) >= needed and node.is_running
        return node if agreed and node._say("ROLE")[0] in (b"master", "master") else None

    def describe(self) -> str:
        if self._closed:
            return self._described("")
        running = any(sentinel.is_running for sentinel in self.sentinels)
        master = f", master {self.master.name}" if running else ""
        servers = counted(len(self.nodes), "server")
        return self._described(f"{servers}{master}, {counted(self._count, 'sentinel')}")
