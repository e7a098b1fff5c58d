"""An asyncio worker: four consumers wait for jobs with BLPOP, and all commands of the jobs share a second pool.

Start:    python asyncio_worker.py
Run with: redis-py 8.1
"""

import asyncio
import os
import signal

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import EqualJitterBackoff

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")
CONSUMERS = 4
BLOCK = 1  # seconds that a BLPOP waits, and so the longest that a consumer overlooks the end


def client(name, max_connections, socket_timeout):
    pool = BlockingConnectionPool.from_url(
        URL,
        max_connections=max_connections,
        timeout=1,  # the wait for a free connection
        socket_timeout=socket_timeout,  # the wait for the next bytes of a reply
        retry=Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # a pool has none by itself
        client_name=name,
    )
    return Redis.from_pool(pool)  # It closes the pool when it is closed itself.


async def consume(queue, r, ended):
    while not ended.is_set():
        if job := await queue.blpop(["jobs"], timeout=BLOCK):
            await r.incr(job[1])


async def main():
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    # Two pools, both created in the running loop. A BLPOP keeps its connection while it waits, so on one pool the
    # waiting consumers would leave nothing for the jobs. Its socket_timeout is longer than the wait: with a shorter
    # one, each wait would end in a timeout, and the BLPOP would be sent again.
    async with client("worker-waits", CONSUMERS, BLOCK + 2) as queue, client("worker-jobs", CONSUMERS, 5) as r:
        await r.ping()
        print("Ready.", flush=True)
        # gather() waits until each consumer has finished its job. Only then does the block close the two pools.
        await asyncio.gather(*(consume(queue, r, ended) for _ in range(CONSUMERS)))


asyncio.run(main())
