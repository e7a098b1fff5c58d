"""multiprocessing with spawn: a client per call in the workers."""

import multiprocessing
import os

import redis


def work(number):
    return redis.Redis(port=int(os.environ["PORT"])).incr("views")  # client-per-call


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as workers:
        workers.map(work, range(10))
        workers.close()
        workers.join()
