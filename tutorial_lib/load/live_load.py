"""A server, a proxy before it, a pool and its callers, all of which can be changed while they run."""

from __future__ import annotations

import threading
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.load.live_callers import LiveCallers
from tutorial_lib.load.live_counts import LiveCounts
from tutorial_lib.load.live_settings import LiveSettings
from tutorial_lib.load.live_tasks import LiveTasks
from tutorial_lib.pools.snapshot import AnyPool
from tutorial_lib.servers import Server, start_private_server
from tutorial_lib.servers.behind_proxy import ServerBehindProxy


class LiveLoad:
    """Real callers on a real pool. ``server`` is used as a guest does; without one there is a private server.

    The pool's connections go through a FaultProxy of this load's own, so that its round trip and its two faults reach
    no other client of the server.
    """

    def __init__(self, server: Server | None, settings: LiveSettings) -> None:
        self._given = server
        self._own: Server | None = None
        self._lock = threading.RLock()
        self.settings = settings
        self.counts = LiveCounts()
        self._kinds: dict[bool, LiveCallers | LiveTasks] = {
            False: LiveCallers(self.counts),
            True: LiveTasks(self.counts),
        }
        self._callers = self._kinds[settings.tasks]
        self.running = False
        """Whether callers come while the load is open."""
        self.pool: AnyPool | None = None
        self.server: ServerBehindProxy | None = None
        self.open()

    @property
    def callers_present(self) -> int:
        """How many callers there are now; those that were stopped go within moments."""
        return sum(callers.present for callers in self._kinds.values())

    # -- beginning and end

    def open(self) -> None:
        """Make what is needed: the server if none was given, the proxy, the pool. If it was running, callers come."""
        with self._lock:
            if self.server is not None:
                return
            try:
                server = self._given
                if server is None:
                    server = self._own = start_private_server()
                self.server = ServerBehindProxy(server)
                self._follow_settings(new_pool=True)
            except BaseException:  # The server that was given is closed, or the learner interrupts.
                self.shut()
                raise
            if self.running:
                self._callers.start()

    def shut(self) -> None:
        """Close what ``open()`` made. ``open()`` makes it anew, and what was counted is kept."""
        with self._lock:
            self._callers.stop()
            self._callers.use(None)
            self.pool = None
            if self.server is not None:
                self.server.close()
            if self._own is not None:
                self._own.close()
            self.server = self._own = None

    # -- what it can be told

    def change(self, settings: LiveSettings) -> bool:
        """Go on with ``settings``, and say whether that took a new pool."""
        with self._lock:
            needs_pool = settings.of_the_pool != self.settings.of_the_pool
            self.settings = settings
            if self.server is not None:
                self._follow_settings(new_pool=needs_pool)
            return needs_pool

    def start(self) -> None:
        """Start the callers."""
        with self._lock:
            self.running = True
            if self.server is not None:
                self._callers.start()

    def stop(self) -> None:
        """Stop the callers. The pool keeps its connections."""
        with self._lock:
            self.running = False
            self._callers.stop()

    def reset(self, settings: LiveSettings) -> None:
        """Begin again with ``settings``: a new pool, and nothing counted. Callers that came before still come."""
        with self._lock:
            self.settings = settings
            if self.server is not None:
                self._follow_settings(new_pool=True)
            self.counts.reset()

    def _follow_settings(self, *, new_pool: bool) -> None:
        assert self.server is not None
        self._let_come(self._kinds[self.settings.tasks])
        self._callers.hold = self.settings.hold
        self.server.proxy.round_trip = self.settings.round_trip
        if new_pool:
            self.pool = pool = _pool_of(self.settings, self.server)
            self._callers.use(pool)
        self._callers.resize(self.settings.callers)

    def _let_come(self, callers: LiveCallers | LiveTasks) -> None:
        """Let threads come instead of tasks, or tasks instead of threads."""
        if callers is not self._callers:
            self._callers.stop()
            self._callers.use(None)
            self._callers = callers
            if self.running:
                callers.start()


def _pool_of(settings: LiveSettings, server: Server) -> Any:
    """Make the pool: of redis.asyncio for tasks, whose classes have the same names and arguments."""
    classes: Any = redis.asyncio if settings.tasks else redis
    at: dict[str, Any] = {"host": server.host, "port": server.port, "max_connections": settings.limit}
    if not settings.wait:
        return classes.ConnectionPool(**at)
    return classes.BlockingConnectionPool(**at, timeout=settings.timeout)
