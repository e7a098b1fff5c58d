"""An rq worker: its queue, its heartbeats and the program itself share one client."""

import math
import os

import redis
import rq

r = redis.Redis(port=int(os.environ["PORT"]), db=13)
queue = rq.Queue(connection=r)
jobs = [queue.enqueue(math.factorial, number) for number in range(10)]
rq.SimpleWorker([queue], connection=r).work(burst=True, logging_level="WARNING")
r.set("sum", sum(job.return_value() for job in jobs))
r.close()
