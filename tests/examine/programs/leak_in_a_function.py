"""A function borrows by hand and forgets to return."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=5)


def ping():
    connection = pool.get_connection()  # leak
    connection.send_command("PING")
    return connection.read_response()


for _ in range(3):
    ping()
