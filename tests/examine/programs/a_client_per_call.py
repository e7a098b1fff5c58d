"""A function creates a client for each call."""

import os

import redis


def views():
    return redis.Redis(port=int(os.environ["PORT"])).incr("views")  # client-per-call


for _ in range(30):
    views()
