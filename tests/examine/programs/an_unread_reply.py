"""A connection is released before its reply was read."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), protocol=2)
connection = pool.get_connection()  # unread-reply
connection.send_command("ECHO", "SECRET")
pool.release(connection)
