"""The release stands below a line that fails: LLEN of a number."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=2)
r = redis.Redis(connection_pool=pool)
r.set("views", 1)


def length():
    connection = pool.get_connection()  # leak
    connection.send_command("LLEN", "views")
    connection.read_response()
    pool.release(connection)


for _ in range(2):
    try:
        length()
    except redis.ResponseError:
        pass
try:
    r.get("views")  # exhausted
except redis.MaxConnectionsError:
    pass
