"""A child speaks on the connection that its parent has borrowed."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]))
connection = pool.get_connection()
if os.fork() == 0:
    connection.send_command("PING")  # used-after-fork
    connection.read_response()
    os._exit(0)
os.wait()
pool.release(connection)
