"""Borrowed by hand, and returned whatever happens."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]))
for _ in range(5):
    connection = pool.get_connection()
    try:
        connection.send_command("PING")
        connection.read_response()
    finally:
        pool.release(connection)
