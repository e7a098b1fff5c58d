"""A prefork server whose workers leak: each process is seen."""

import os
import sys

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=5)


def ping():
    connection = pool.get_connection()  # leak
    connection.send_command("PING")
    connection.read_response()


for _ in range(2):
    if os.fork() == 0:
        ping()
        ping()
        sys.exit()
for _ in range(2):
    os.wait()
