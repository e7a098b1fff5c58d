"""Leaks two connections; run as a script and with ``python -m``."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]))
kept = [pool.get_connection() for _ in range(2)]  # leak
