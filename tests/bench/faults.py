"""The fault proxy: what it costs when nothing is wrong, and how exact its delays are with 200 connections at work."""

from __future__ import annotations

import selectors
import shutil
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.bench.row import Row, at_least, at_most, interleaved
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.network.loop import FineSelector
from tutorial_lib.servers.redis_process import RedisProcess

THREADS = 8
CONNECTIONS = 200
PER_SECOND = 1000
LATENCIES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)


def throughput(port: int, gets: int = 400) -> float:
    """Return the GETs per second of eight threads that do nothing else."""
    with redis.ConnectionPool(host="127.0.0.1", port=port, max_connections=THREADS) as pool:
        client = redis.Redis(connection_pool=pool)
        ready = threading.Barrier(THREADS + 1)

        def work() -> None:
            client.ping()
            ready.wait()
            for _ in range(gets):
                client.get("key")

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        ready.wait()
        start = time.perf_counter()
        for thread in threads:
            thread.join()
        return THREADS * gets / (time.perf_counter() - start)


def median_get(port: int, gets: int = 500) -> float:
    """Return the median seconds of one GET after another."""
    with redis.ConnectionPool(host="127.0.0.1", port=port) as pool:
        client = redis.Redis(connection_pool=pool)
        client.ping()
        took = []
        for _ in range(gets):
            start = time.perf_counter()
            client.get("key")
            took.append(time.perf_counter() - start)
        return statistics.median(took)


@contextmanager
def many_connections(port: int) -> Iterator[list[socket.socket]]:
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    try:
        yield sockets
    finally:
        for sock in sockets:
            sock.close()


def reply_times(sockets: list[socket.socket], seconds: float) -> list[float]:
    """PING on one connection after another, on a schedule, and return how long each reply took."""
    took, sent = [], {}
    with FineSelector() as ready:
        for sock in sockets:
            ready.register(sock, selectors.EVENT_READ)
        begin = time.perf_counter()
        pings, sending = 0, int(seconds * PER_SECOND)
        while pings < sending or sent:
            due = begin + pings / PER_SECOND if pings < sending else begin + seconds + 5
            for key, _ in ready.select(max(0.0, due - time.perf_counter())):
                assert key.fileobj.recv(100) == b"+PONG\r\n"  # type: ignore[union-attr]
                took.append(time.perf_counter() - sent.pop(key.fileobj))
            sock = sockets[pings % len(sockets)]
            if pings < sending and time.perf_counter() >= due and sock not in sent:
                sent[sock] = time.perf_counter()
                sock.sendall(b"PING\r\n")
                pings += 1
    return took


def worst_delay_error(direct: list[socket.socket], proxied: list[socket.socket], proxy: FaultProxy) -> Row:
    """By how much the delay that 200 connections see differs from the one that was set, over all settings."""
    worst, found = 0.0, ""
    for latency in LATENCIES:
        for way in (proxy.upstream, proxy.downstream):
            proxy.heal()
            way.latency = latency
            base = statistics.median(reply_times(direct, 0.5))
            added = statistics.median(reply_times(proxied, 1.0)) - base
            share = abs(added - latency) / max(0.001, 0.05 * latency)
            if share >= worst:
                worst, found = share, f"{1000 * latency:g} ms became {1000 * added:.2f}"
    name = f"delays of 1 to 100 ms seen by {CONNECTIONS} connections: worst median ({found} ms)"
    return at_most(name, worst, 1, "x (1 ms or 5 %)")


def rows() -> list[Row]:
    if not (shutil.which("redis-server") or shutil.which("valkey-server")):
        return []
    with RedisProcess() as server, FaultProxy(server) as proxy:
        _, _, speed = interleaved(lambda: throughput(proxy.port), lambda: throughput(server.port), rounds=15)
        through, direct, _ = interleaved(lambda: median_get(proxy.port), lambda: median_get(server.port), rounds=15)
        with many_connections(server.port) as straight, many_connections(proxy.port) as proxied:
            delay = worst_delay_error(straight, proxied, proxy)
    return [
        at_least(f"{THREADS} threads through a healthy proxy / direct", speed, 0.8),
        at_most("time added to a GET by a healthy proxy, median", 1000 * (through - direct), 0.15, "ms"),
        delay,
    ]
