"""The programs of a shop that share a pool at night: some return their connections, some do not, and one complains."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import redis

from tutorial_lib.pools.snapshot import snapshot

NIGHT_LIMIT = 3
"""One for ``inventory``, which needs it all night, and two for all others: enough, if they are returned."""


class NightShift:
    """One night in the shop, on one pool. Two workers run its programs, in threads of their own.

    ``fixed`` names the programs that by now return what they borrow.
    """

    def __init__(self, pool: redis.ConnectionPool, fixed: frozenset[str]) -> None:
        self.pool = pool
        self.r = redis.Redis(connection_pool=pool)
        self.r.mset({"greeting": "hello", "stock": 3, "views:home": 41})
        self.log: list[str] = []
        self.nights = self.in_use_in_the_morning = 0
        self._fixed = fixed
        self._counting, self._dawn = threading.Event(), threading.Event()
        self._listeners: list[redis.client.PubSub] = []
        self._pipelines: list[redis.client.Pipeline] = []
        self._shelf: list[redis.Connection] = []

    def run(self) -> list[str]:
        """Let the night pass, and return what the shop has logged. A night passes once, however often it is called."""
        self.nights += 1
        if self.nights > 1:
            return self.log
        early = [self.banner, self.packer, self.banner, self.courier, self.newsletter, self.cashier, self.banner]
        late = [self.bookkeeper, self.stockroom, self.banner, self.stockroom, self.cashier, self.banner, self.banner]
        with ThreadPoolExecutor(2, thread_name_prefix="worker") as workers:
            inventory = workers.submit(self._logged, self.inventory)
            self._counting.wait(timeout=2)
            for program in early + late:
                workers.submit(self._logged, program).result()
            self._dawn.set()
            inventory.result()
        self.in_use_in_the_morning = snapshot(self.pool).in_use
        return self.log

    def _logged(self, program: Callable[[], object]) -> None:
        try:
            program()
        except redis.RedisError as error:
            self.log.append(f"{program.__name__}: {type(error).__name__}: {error}")

    def refused(self, program: str) -> int:
        """Count the entries of one program in the log that say that the pool was exhausted."""
        return sum(entry.startswith(f"{program}: MaxConnectionsError") for entry in self.log)

    def close(self) -> None:
        """Let go of what the programs have kept."""
        self._dawn.set()
        for listener in self._listeners:
            listener.close()
        for pipeline in self._pipelines:
            pipeline.reset()

    # -- the programs

    def banner(self):
        return self.r.get("greeting")

    def cashier(self):
        return self.r.lock("checkout", timeout=60).acquire(blocking=False)

    def inventory(self):
        connection = self.pool.get_connection()
        try:
            self._counting.set()
            self._dawn.wait(timeout=10)
        finally:
            self.pool.release(connection)

    def packer(self):
        self._shelf.append(self.pool.get_connection())

    def courier(self):
        self.pool.release(self._shelf.pop())

    def newsletter(self):
        news = self.r.pubsub()
        self._listeners.append(news)
        news.subscribe("offers")
        news.unsubscribe()
        if "newsletter" in self._fixed:
            news.close()

    def bookkeeper(self):
        connection = self.pool.get_connection()
        try:
            connection.send_command("LLEN", "views:home")
            connection.read_response()
            self.pool.release(connection)
        except redis.ResponseError:
            if "bookkeeper" in self._fixed:
                self.pool.release(connection)
            raise

    def stockroom(self):
        pipe = self.r.pipeline()
        self._pipelines.append(pipe)
        pipe.watch("stock")
        if int(pipe.get("stock")) < 10:
            pipe.unwatch()
            if "stockroom" in self._fixed:
                pipe.reset()
